import { ENTRY, trimming } from '@drawbridge/messaging';
import type { BridgeClient } from '@drawbridge/testing';
import { sql } from 'kysely';
import { Delivery } from '../../src/gateway/delivery.js';
import { type SignedIn, send } from './gateway-harness.js';
import { TwoGateways } from './two-gateways.js';

describe('Clients that have to load anew what they show', () => {
  let bridge: TwoGateways;
  let conversation: string;
  let alice: SignedIn;

  beforeAll(async () => {
    bridge = await TwoGateways.start();
    alice = await bridge.here.client('alice');
    conversation = await bridge.here.direct(alice.client, 'bob');
  });
  afterAll(async () => {
    await alice.client.close();
    await bridge[Symbol.asyncDispose]();
  });

  /** Keeps the last `entries` of every mailbox. */
  const trim = async (entries: number) => {
    const chore = trimming(bridge.database, { days: 30, entries });
    for (let place: string | undefined = ''; place !== undefined; ) ({ next: place } = await chore.step(place));
  };

  /** What came after the reply to session.open, but for the texts. */
  const shown = (client: BridgeClient) =>
    client.frames
      .filter(({ event, seq }) => seq !== undefined || event.startsWith('mailbox.'))
      .map(({ event, seq, prev, data }) => (seq === undefined ? { event, data } : { seq, prev }));

  const reopened = async (token: string, after: number, epoch: string) => {
    const client = await bridge.there.connect();
    await client.open(token, { epoch, after });
    return client;
  };

  test('a place before what is kept is `trimmed`; the last one before it is still a place (I4)', async () => {
    const { client, token, session } = await bridge.there.client('bob');
    const { epoch } = session.mailbox!;
    await client.close();
    let head = 0;
    for (let n = 0; n < 6; n++) await send(alice.client, conversation, `missed ${n}`);
    await trim(3);
    ({ head } = (await bridge.here.messaging.heads([bridge.here.key('bob')])).get(bridge.here.key('bob'))!);

    const late = await reopened(token, head - 4, epoch);
    const inTime = await reopened(token, head - 3, epoch);
    const { seq } = await send(alice.client, conversation, 'live');
    for (const each of [late, inTime]) await each.waitFor((frame) => frame.seq === head + 1);
    expect(seq).toBeDefined();
    expect(shown(late)).toEqual([
      { event: 'mailbox.reset', data: { epoch, head, reason: 'trimmed' } },
      { event: 'mailbox.live', data: { seq: head } },
      { seq: head + 1, prev: head },
    ]);
    expect(shown(inTime)).toEqual([
      ...[2, 1, 0].map((n) => ({ seq: head - n, prev: head - n - 1 })),
      { event: 'mailbox.live', data: { seq: head } },
      { seq: head + 1, prev: head },
    ]);
    await Promise.all([late.close(), inTime.close()]);
  });

  test('a live connection that was behind when what it lacks was trimmed is told so, and goes on from the head (I4)', async () => {
    const { client, session } = await bridge.there.client('bob');
    const { epoch, head } = session.mailbox!;
    // Another process commits five events, of which no hint comes; three of them are trimmed before anybody looks.
    await sql`with moved as (
        update mailbox set head = head + 5, trimmed = head + 3 where owner = ${bridge.there.key('bob')} returning owner, head
      ) insert into mailbox_entry (owner, seq, kind, conversation, subject)
        select owner, head - n, ${ENTRY.conversationUpdated}, ${conversation}, 0 from moved, generate_series(0, 1) n`.execute(
      bridge.database.tables(),
    );
    bridge.there.app.get(Delivery).doubt();
    await client.waitFor(({ event }) => event === 'mailbox.reset');
    await client.waitFor(({ event, data }) => event === 'mailbox.live' && data.seq === head + 5);
    await send(alice.client, conversation, 'live again');
    await client.waitFor((frame) => frame.seq === head + 6);
    expect(shown(client)).toEqual([
      { event: 'mailbox.live', data: { seq: head } },
      { event: 'mailbox.reset', data: { epoch, head: head + 5, reason: 'trimmed' } },
      { event: 'mailbox.live', data: { seq: head + 5 } },
      { seq: head + 6, prev: head + 5 },
    ]);
    expect(client.problems).toEqual([]);
    // Whoever was not behind is told nothing.
    expect(alice.client.frames.some(({ event }) => event === 'mailbox.reset')).toBe(false);
    await client.close();
  });

  test('messages that are no longer kept are passed over, and `prev` shows no gap (I4)', async () => {
    const { client, token, session } = await bridge.there.client('bob');
    const { epoch, head } = session.mailbox!;
    await client.close();
    for (let n = 0; n < 4; n++) await send(alice.client, conversation, `kept ${n}`);
    await sql`delete from message where conversation = ${conversation} and text in ('kept 1', 'kept 3')`.execute(
      bridge.database.tables(),
    );
    const again = await reopened(token, head, epoch);
    await send(alice.client, conversation, 'and on');
    await again.waitFor((frame) => frame.seq === head + 5);
    expect(shown(again)).toEqual([
      { seq: head + 1, prev: head },
      { seq: head + 3, prev: head + 1 },
      { event: 'mailbox.live', data: { seq: head + 4 } },
      { seq: head + 5, prev: head + 3 },
    ]);
    await again.close();
  });

  test('another epoch is told at once to whoever is connected, on every gateway, and once (I4)', async () => {
    const here = await bridge.here.client('bob');
    const there = await bridge.there.client('bob');
    const { epoch, head } = here.session.mailbox!;
    await sql`update mailbox_epoch set id = gen_random_uuid()`.execute(bridge.database.tables());
    for (const { client } of [here, there, alice]) await client.waitFor(({ event }) => event === 'mailbox.reset');
    const now = await bridge.here.messaging.epoch();
    expect(now).not.toBe(epoch);
    await send(alice.client, conversation, 'after the restore');
    for (const { client } of [here, there]) {
      await client.waitFor((frame) => frame.seq === head + 1);
      expect(shown(client)).toEqual([
        { event: 'mailbox.live', data: { seq: head } },
        { event: 'mailbox.reset', data: { epoch: now, head, reason: 'epoch_changed' } },
        { event: 'mailbox.live', data: { seq: head } },
        { seq: head + 1, prev: head },
      ]);
      await client.close();
    }
    const again = await reopened(here.token, head, epoch);
    expect(shown(again).slice(0, 1)).toEqual([
      { event: 'mailbox.reset', data: { epoch: now, head: head + 1, reason: 'epoch_changed' } },
    ]);
    await again.close();
  });
});
