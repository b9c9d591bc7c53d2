import { InProcessBus } from './in-process-bus.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (payload: Uint8Array) => new TextDecoder().decode(payload);
const handlersHaveRun = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('InProcessBus', () => {
  it('brings hints to every subscriber of the channel, in the order of publishing, and to nobody else', async () => {
    const bus = new InProcessBus();
    const [a, b, other]: string[][] = [[], [], []];
    await bus.subscribe('x', (payload) => a?.push(text(payload)));
    await bus.subscribe('x', (payload) => b?.push(text(payload)));
    await bus.subscribe('y', (payload) => other?.push(text(payload)));
    for (const hint of ['1', '2', '3']) bus.publish('x', bytes(hint));
    await handlersHaveRun();
    expect([a, b, other]).toEqual([['1', '2', '3'], ['1', '2', '3'], []]);
  });

  it('never runs a handler inside publish', async () => {
    const bus = new InProcessBus();
    let publishing = false;
    const inside: boolean[] = [];
    await bus.subscribe('x', () => inside.push(publishing));
    publishing = true;
    bus.publish('x', bytes('1'));
    publishing = false;
    await handlersHaveRun();
    expect(inside).toEqual([false]);
  });

  it('brings nothing after a subscription has ended, or the bus is closed', async () => {
    const bus = new InProcessBus();
    const seen: string[] = [];
    const end = await bus.subscribe('x', (payload) => seen.push(text(payload)));
    await bus.subscribe('x', (payload) => seen.push(`kept ${text(payload)}`));
    end();
    bus.publish('x', bytes('1'));
    await handlersHaveRun();
    await bus.close();
    bus.publish('x', bytes('2'));
    await handlersHaveRun();
    expect(seen).toEqual(['kept 1']);
  });

  it('brings a hint to the other subscribers when one of them throws', async () => {
    const errors: unknown[] = [];
    const bus = new InProcessBus({ onError: (error) => errors.push(error) });
    const seen: string[] = [];
    await bus.subscribe('x', () => {
      throw new Error('no');
    });
    await bus.subscribe('x', (payload) => seen.push(text(payload)));
    bus.publish('x', bytes('1'));
    await handlersHaveRun();
    expect(seen).toEqual(['1']);
    expect(errors).toHaveLength(1);
  });
});
