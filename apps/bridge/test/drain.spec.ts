import { randomUUID } from 'node:crypto';
import { Database } from '@drawbridge/database';
import {
  BridgeClient,
  type Cluster,
  CodedError,
  revoke,
  signIn,
  startCluster,
  UNLIMITED_RATES,
} from '@drawbridge/testing';
import { sql } from 'kysely';

const CONNECTIONS = 500;
const GOING_AWAY = { code: 4512, reason: 'going_away' };
const app = { password: 'drawbridge', clientId: 'tunebox-desktop' } as const;

async function leases(database: Database): Promise<string[]> {
  const { rows } = await sql<{ gateway: string }>`select gateway from gateway_lease`.execute(database.tables());
  return rows.map(({ gateway }) => gateway).toSorted();
}

/** Sends one message after the other until the connection is closed, and gives the texts that were acknowledged. */
async function sendUntilClosed(client: BridgeClient, conversation: string) {
  const stored: string[] = [];
  const refused: string[] = [];
  for (;;) {
    const text = `news ${randomUUID()}`;
    try {
      await client.request('message.send', { conversation, text, clientId: randomUUID() });
      stored.push(text);
    } catch (error) {
      if (!(error instanceof CodedError)) return { stored, refused };
      const told = client.frames.some(({ event }) => event === 'going_away');
      refused.push(`${error.code}${told ? '' : ' before it was told'}`);
    }
  }
}

async function history(client: BridgeClient, conversation: string): Promise<Set<string>> {
  const texts = new Set<string>();
  for (let before: number | undefined; ; ) {
    const { messages, next } = await client.request<{ messages: { text: string }[]; next?: number }>(
      'conversation.history',
      { conversation, limit: 100, ...(before === undefined ? {} : { before }) },
    );
    for (const { text } of messages) texts.add(text);
    if (next === undefined) return texts;
    before = next;
  }
}

describe('A gateway that is stopped while 500 clients are on it', () => {
  let cluster: Cluster;
  let database: Database;
  beforeAll(async () => {
    cluster = await startCluster({ gateways: 2, env: { OPEN_WITHIN_MS: '600000', ...UNLIMITED_RATES } });
    database = await Database.open({ url: cluster.databaseUrl, dataDir: '' });
  });
  afterAll(async () => {
    await database?.close();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('tells and closes them in batches, serves the others meanwhile, enforces an end of consent to the last, and gives its lease back last (I2, I3)', async () => {
    const [first, second] = cluster.bridges as [Cluster['bridges'][0], Cluster['bridges'][0]];
    const crowd: BridgeClient[] = [];
    for (let n = 0; n < CONNECTIONS; n += 50) {
      crowd.push(...(await Promise.all(Array.from({ length: 50 }, () => BridgeClient.connect(first.ownUrl)))));
    }
    // The last that came are the last to be told.
    const [alices, bobs] = [
      await signIn(cluster, { login: 'alice', ...app }),
      await signIn(cluster, { login: 'bob', ...app }),
    ];
    const bob = await BridgeClient.connect(first.ownUrl);
    await bob.open(bobs);
    const alice = await BridgeClient.connect(first.ownUrl);
    await alice.open(alices);
    const { conversation } = await alice.request<{ conversation: { id: string } }>('conversation.create', {
      members: ['carol'],
      clientId: randomUUID(),
    });

    const stopped = first.stop();
    await crowd[0]!.waitFor(({ event }) => event === 'going_away');
    const sending = sendUntilClosed(alice, conversation.id);
    expect((await fetch(`${first.internalUrl}/readyz`)).status).toBe(503);
    await expect(BridgeClient.connect(first.ownUrl)).rejects.toThrow(/closed|503/);
    expect(await revoke({ publicUrl: second.ownUrl }, bobs)).toBe(200);
    expect(await bob.closed).toEqual({ code: 4403, reason: 'signed_out' });
    expect(await leases(database)).toEqual(['gw-1', 'gw-2']);
    const { rows } = await sql<{ gateways: { id: string; confirmed: string }[] }>`
      select gateways from consent_receipt order by number desc limit 1`.execute(database.tables());
    expect(rows[0]!.gateways.map(({ id, confirmed }) => `${id} ${confirmed}`).toSorted()).toEqual([
      'gw-1 ack',
      'gw-2 ack',
    ]);

    expect(await Promise.all([...crowd, alice].map(({ closed }) => closed))).toEqual(
      Array(CONNECTIONS + 1).fill(GOING_AWAY),
    );
    const { stored, refused } = await sending;
    expect(await stopped).toBe(0);
    expect(await leases(database)).toEqual(['gw-2']);

    const toldAt = crowd
      .map(({ frames }) => frames.find(({ event }) => event === 'going_away')!.at)
      .toSorted((a, b) => a - b);
    const spreadMs = toldAt.at(-1)! - toldAt[0]!;
    console.log(`${CONNECTIONS} clients were told over ${Math.round(spreadMs)} ms; ${stored.length} sends meanwhile`);
    // Twenty-five batches, 100 ms apart.
    expect(spreadMs).toBeGreaterThan(1_500);
    expect(refused.filter((code) => code !== 'unavailable')).toEqual([]);
    expect(stored.length).toBeGreaterThan(0);
    const again = await BridgeClient.connect(second.ownUrl);
    await again.open(alices);
    const kept = await history(again, conversation.id);
    expect(stored.filter((text) => !kept.has(text))).toEqual([]);
    await again.close();
  });

  it('with few clients, and none, is gone at once', async () => {
    const second = cluster.bridges[1]!;
    const client = await BridgeClient.connect(second.ownUrl);
    const from = performance.now();
    const stopped = second.stop();
    expect(await client.closed).toEqual(GOING_AWAY);
    expect(await stopped).toBe(0);
    expect(performance.now() - from).toBeLessThan(5_000);
    expect(await leases(database)).toEqual([]);
  });
});
