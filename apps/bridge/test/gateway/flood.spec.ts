import { type BridgeClient, everyDatabase } from '@drawbridge/testing';
import { codeOf, GatewayHarness, send } from './gateway-harness.js';

/** As many commands under way as one connection may have, less a few. */
const UNDER_WAY = 250;

const floods: Record<string, (client: BridgeClient, conversation: string) => Promise<unknown>> = {
  sends: (client, conversation) => send(client, conversation, 'x'.repeat(100)),
  reads: (client, conversation) => client.request('conversation.history', { conversation, limit: 50 }),
};

describe.each(everyDatabase)('While clients flood the bridge, on %s', (kind) => {
  let bridge: GatewayHarness;
  beforeAll(async () => {
    bridge = await GatewayHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  test.each(Object.keys(floods))('with %s, the end of a consent is acknowledged within a second (I2)', async (what) => {
    const ending = await bridge.client('alice');
    const sibling = await bridge.connect();
    await sibling.open(ending.token);
    const others = await Promise.all((['alice', 'bob', 'carol'] as const).map((name) => bridge.client(name)));
    const clients = [ending, ...others].map(({ client }) => client);
    const conversation = await bridge.direct(ending.client, 'bob');
    await Promise.all(Array.from({ length: 50 }, () => send(ending.client, conversation, 'y'.repeat(200))));
    const atWork = Promise.withResolvers<void>();
    let answers = 0;
    let over = false;
    const flooding = clients.flatMap((client) =>
      Array.from({ length: UNDER_WAY }, async () => {
        while (!over && client.socket.readyState === client.socket.OPEN) {
          await codeOf(floods[what]!(client, conversation));
          answers += 1;
          if (answers === 2 * UNDER_WAY) atWork.resolve();
        }
      }),
    );
    await atWork.promise;
    const askedAt = performance.now();
    expect(await codeOf(sibling.request('session.close', {}))).toBe('ok');
    // The same end again waits for its receipt, and gives that one.
    const receipt = await bridge.end(ending.grant);
    expect(performance.now() - askedAt).toBeLessThan(1_000);
    expect(receipt.gateways).toMatchObject([{ id: 'gw-test', confirmed: 'ack' }]);
    expect(await ending.client.closed).toMatchObject({ code: 4403 });
    over = true;
    await Promise.all(flooding);
    expect(clients.flatMap(({ problems }) => problems)).toEqual([]);
    await Promise.all(others.map(({ client }) => client.close()));
  });
});
