import { InProcessBus, MAX_PAYLOAD_BYTES, SignedBus } from './index.js';

const TAG_BYTES = 16;

describe('A signed bus', () => {
  let wire: InProcessBus;
  let bus: SignedBus;
  let heard: string[];
  let refused: string[];

  beforeEach(async () => {
    wire = new InProcessBus();
    refused = [];
    heard = [];
    bus = new SignedBus({ wire, key: Buffer.alloc(32, 1), onRefused: (channel) => refused.push(channel) });
    await bus.subscribe('here', (payload) => heard.push(Buffer.from(payload).toString()));
  });

  /** What a message looks like on the wire. */
  async function onTheWire(channel: string, payload: string, by: SignedBus = bus): Promise<Buffer> {
    const message = Promise.withResolvers<Buffer>();
    const end = await wire.subscribe(channel, (signed) => message.resolve(Buffer.from(signed)));
    by.publish(channel, Buffer.from(payload));
    const signed = await message.promise;
    end();
    return signed;
  }

  /** Messages come in order: once this one has come, so have all before it. */
  async function barrier(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = await bus.subscribe('barrier', () => resolve());
    bus.publish('barrier', Buffer.alloc(0));
    await promise;
    end();
  }

  it('brings what was published with the key, with a tag of 16 bytes on the way', async () => {
    const signed = await onTheWire('here', 'a message');
    expect([signed.length, signed.subarray(TAG_BYTES).toString()]).toEqual([TAG_BYTES + 9, 'a message']);
    expect([heard, refused]).toEqual([['a message'], []]);
  });

  it('refuses and counts what has no tag, that of another key, a bit changed anywhere, or was said elsewhere', async () => {
    const signed = await onTheWire('elsewhere', 'a message');
    const genuine = await onTheWire('here', 'a message');
    heard.length = 0;
    const forged = [Buffer.alloc(0), Buffer.from('short'), Buffer.from('a message that is long enough'), signed];
    for (let bit = 0; bit < 8 * genuine.length; bit++) {
      const changed = Buffer.from(genuine);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      forged.push(changed);
    }
    for (const message of forged) wire.publish('here', message);
    new SignedBus({ wire, key: Buffer.alloc(32, 2) }).publish('here', Buffer.from('a message'));
    wire.publish('here', genuine);
    await barrier();
    expect(heard).toEqual(['a message']);
    expect([bus.counts.refused, refused.length]).toEqual([forged.length + 1, forged.length + 1]);
    expect(new Set(refused)).toEqual(new Set(['here']));
  });

  it('neither sends nor computes over what is larger than a message may be (I9)', async () => {
    const largest = Buffer.alloc(MAX_PAYLOAD_BYTES, 'x');
    bus.publish('here', largest);
    bus.publish('here', Buffer.alloc(MAX_PAYLOAD_BYTES + 1));
    wire.publish('here', Buffer.alloc(TAG_BYTES + MAX_PAYLOAD_BYTES + 1));
    await barrier();
    expect([heard.map(({ length }) => length), bus.counts]).toEqual([
      [MAX_PAYLOAD_BYTES],
      { refused: 0, oversized: 2 },
    ]);
  });
});
