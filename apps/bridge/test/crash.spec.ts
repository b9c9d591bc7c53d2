import { randomUUID } from 'node:crypto';
import { BridgeClient, everyDatabase, signIn, startBridge, UNLIMITED_RATES } from '@drawbridge/testing';

interface Sent {
  readonly clientId: string;
  readonly text: string;
  readonly id?: string;
}

interface Stored {
  readonly id: string;
  /** A recommendation, which the demo has, has none. */
  readonly text?: string;
  readonly position: number;
}

describe.each(everyDatabase)('The program under a stream of sends, on %s', (database) => {
  test('is killed with -9: what got ok is there after the restart, in order, once, and a retry gives the same message (I3, I5)', async () => {
    await using bridge = await startBridge({ database, env: UNLIMITED_RATES });
    const person = { password: 'drawbridge', clientId: 'tunebox-desktop', scopes: 'all' } as const;
    const alices = await signIn(bridge, { login: 'alice', ...person });
    const bobs = await signIn(bridge, { login: 'bob', ...person });
    let alice = await BridgeClient.connect(bridge.publicUrl);
    await alice.open(alices);
    let bob = await BridgeClient.connect(bridge.publicUrl);
    const { mailbox } = await bob.open<{ mailbox: { epoch: string; head: number } }>(bobs);
    const { conversation } = await alice.request<{ conversation: { id: string } }>('conversation.create', {
      members: ['bob'],
      clientId: randomUUID(),
    });

    const sends: Promise<Sent>[] = [];
    let acknowledged = 0;
    const enough = Promise.withResolvers<void>();
    for (let n = 0; n < 200; n++) {
      const clientId = randomUUID();
      const text = `message ${n}`;
      const attempt = alice
        .request<{ message: { id: string } }>('message.send', { conversation: conversation.id, text, clientId })
        .then(
          ({ message }) => {
            if (++acknowledged === 40) enough.resolve();
            return { clientId, text, id: message.id };
          },
          () => ({ clientId, text }),
        );
      sends.push(attempt);
      if (n % 10 === 9) await sends[n - 9];
      if (acknowledged >= 40) break;
    }
    await enough.promise;
    await bridge.kill();
    const outcomes = await Promise.all(sends);
    await bridge.restart();

    alice = await BridgeClient.connect(bridge.publicUrl);
    await alice.open(alices);
    bob = await BridgeClient.connect(bridge.publicUrl);
    await bob.open(bobs, { epoch: mailbox.epoch, after: mailbox.head });
    // Every send is repeated: the acknowledged ones give the same message, the others are stored now or were already.
    for (const outcome of outcomes) {
      const { clientId, text } = outcome;
      const retry = await alice.request<{ message: { id: string }; duplicate: boolean }>('message.send', {
        conversation: conversation.id,
        text,
        clientId,
      });
      if (outcome.id) expect(retry).toMatchObject({ message: { id: outcome.id }, duplicate: true });
    }
    const history: Stored[] = [];
    for (let before: number | undefined; ; ) {
      const page = await alice.request<{ messages: Stored[]; next?: number }>('conversation.history', {
        conversation: conversation.id,
        limit: 100,
        ...(before === undefined ? {} : { before }),
      });
      history.push(...page.messages);
      before = page.messages.at(-1)?.position;
      if (page.next === undefined || before === undefined) break;
    }
    const stored = history.reverse().filter(({ text }) => text?.startsWith('message '));
    expect(stored.map(({ text }) => text).toSorted()).toEqual(outcomes.map(({ text }) => text).toSorted());
    const kept = outcomes.flatMap(({ id }) => (id ? [id] : []));
    expect(stored.map(({ id }) => id).filter((id) => kept.includes(id))).toEqual(kept);

    // Bob, who resumed from before the crash, gets every one of them, once and without a gap (I4).
    await bob.waitFor((frame) => JSON.stringify(frame.data).includes(`"${outcomes.at(-1)!.text}"`));
    const received = bob.frames
      .filter(({ event }) => event === 'message.created')
      .map(({ data }) => (data as { message: Stored }).message.id);
    expect(received.filter((id) => kept.includes(id))).toEqual(kept);
    expect(new Set(received).size).toBe(received.length);
    expect(bob.problems).toEqual([]);
    await Promise.all([alice.close(), bob.close()]);
  });
});
