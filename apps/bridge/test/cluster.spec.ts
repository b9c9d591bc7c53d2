import { randomUUID } from 'node:crypto';
import { Database } from '@drawbridge/database';
import { BridgeClient, type Cluster, revoke, signIn, startCluster, type Tokens } from '@drawbridge/testing';
import { sql } from 'kysely';

/** Lease and margin of the contract, in ms. */
const BOUND_MS = 5_000;
const CHECK_MS = 5_000;

const app = { password: 'drawbridge', clientId: 'tunebox-desktop', scopes: 'all' } as const;
const person = (cluster: Cluster, login: string) => signIn(cluster, { login, ...app });

interface Receipt {
  effective_at: Date;
  requested_at: Date;
  connections_closed: number;
  gateways: { id: string; confirmed: string; lastSeq?: number }[];
}

describe('Three gateways on one PostgreSQL and one Redis', () => {
  let cluster: Cluster;
  let bob: BridgeClient;
  let bobs: Tokens;
  let conversation: string;

  beforeAll(async () => {
    cluster = await startCluster({ gateways: 3 });
    bobs = await person(cluster, 'bob');
    bob = await connect(1, bobs);
    ({
      conversation: { id: conversation },
    } = await bob.request<{ conversation: { id: string } }>('conversation.create', {
      members: ['alice'],
      clientId: randomUUID(),
    }));
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  /** A connection on gateway n, 0 to 2. */
  async function connect(n: number, tokens: Tokens): Promise<BridgeClient> {
    const client = await BridgeClient.connect(cluster.bridges[n]!.ownUrl);
    await client.open(tokens.accessToken);
    return client;
  }

  /** A send by bob on gateway 1; resolves to its text, which nobody else has sent. */
  async function bobSends(): Promise<string> {
    const text = `news ${randomUUID()}`;
    await bob.request('message.send', { conversation, text, clientId: randomUUID() });
    return text;
  }

  function gets(client: BridgeClient, text: string): Promise<unknown> {
    return client.waitFor(
      ({ event, data }) => event === 'message.created' && (data as { message: { text: string } }).message.text === text,
    );
  }

  /** What gateway n tells on /metrics. */
  async function figures(n: number): Promise<(name: string) => number> {
    const text = await (await fetch(`${cluster.bridges[n]!.internalUrl}/metrics`)).text();
    return (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  async function lastReceipt(): Promise<Receipt> {
    const database = await Database.open({ url: cluster.databaseUrl, dataDir: '' });
    try {
      const { rows } = await sql<Receipt>`
        select requested_at, effective_at, connections_closed, gateways from consent_receipt
        where effective_at is not null order by number desc limit 1`.execute(database.tables());
      return rows[0]!;
    } finally {
      await database.close();
    }
  }

  it('a message reaches the connections of its people on every gateway, in order and once (I4)', async () => {
    const alices = await person(cluster, 'alice');
    const clients = await Promise.all([0, 1, 2].map((n) => connect(n, alices)));
    const texts: string[] = [];
    for (let n = 0; n < 50; n++) texts.push(await bobSends());
    for (const client of clients) {
      await gets(client, texts.at(-1)!);
      const got = client.frames.filter(({ event }) => event === 'message.created');
      expect(got.map(({ data }) => (data as { message: { text: string } }).message.text)).toEqual(texts);
      await client.close();
    }
    const [sender, receiver] = await Promise.all([figures(1), figures(0)]);
    expect(sender('drawbridge_hints_sent_total')).toBeGreaterThanOrEqual(2 * texts.length);
    expect(receiver('drawbridge_hints_received_total')).toBeGreaterThanOrEqual(texts.length);
    expect([receiver('drawbridge_bus_connected'), receiver('drawbridge_bus_peers')]).toEqual([1, 2]);
  });

  it('an end of consent closes the connections on all gateways, each of which confirms it (I1, I2)', async () => {
    const alices = await person(cluster, 'alice');
    const clients = await Promise.all([0, 1, 2].map((n) => connect(n, alices)));
    await revoke(cluster, app.clientId, alices.refreshToken);
    const closes = await Promise.all(clients.map((client) => client.closed));
    expect(closes).toEqual(Array(3).fill({ code: 4403, reason: 'signed_out' }));
    const receipt = await lastReceipt();
    expect(receipt.connections_closed).toBe(3);
    expect(receipt.gateways.map(({ confirmed }) => confirmed)).toEqual(['ack', 'ack', 'ack']);
    const after = await bobSends();
    await gets(bob, after);
    for (const client of clients) expect(JSON.stringify(client.frames)).not.toContain(after);
  });

  it('an end of consent while a gateway stands still takes effect within lease and margin, and nothing is written after it (I2, I6)', async () => {
    const alices = await person(cluster, 'alice');
    const client = await connect(2, alices);
    const frozen = cluster.bridges[2]!;
    frozen.signal('SIGSTOP');
    const from = performance.now();
    await revoke(cluster, app.clientId, alices.refreshToken);
    const tookMs = performance.now() - from;
    const receipt = await lastReceipt();
    const before = client.frames.length;
    const after = await bobSends();
    frozen.signal('SIGCONT');
    await client.closed;
    console.log(`a frozen gateway: ${Math.round(tookMs)} ms from the request to the receipt`);
    expect(receipt.effective_at.getTime() - receipt.requested_at.getTime()).toBeLessThan(BOUND_MS + 1_000);
    expect(receipt.gateways.map(({ confirmed }) => confirmed).toSorted()).toEqual(['ack', 'ack', 'lease_expired']);
    expect(client.frames.slice(before).filter(({ seq }) => seq !== undefined)).toEqual([]);
    expect(JSON.stringify(client.frames)).not.toContain(after);
  });

  it('with Redis killed messages still arrive, consent still ends, and /readyz names it (I2, I4, I7)', async () => {
    const alices = await person(cluster, 'alice');
    const client = await connect(0, alices);
    await gets(client, await bobSends());
    await cluster.redis!.kill();
    const from = performance.now();
    await gets(client, await bobSends());
    console.log(`without Redis: ${Math.round(performance.now() - from)} ms to the other gateway`);
    const ready = await fetch(`${cluster.bridges[0]!.internalUrl}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ready', checks: expect.objectContaining({ redis: expect.stringContaining('down') }) },
    ]);
    await revoke(cluster, app.clientId, alices.refreshToken);
    expect(await client.closed).toEqual({ code: 4403, reason: 'signed_out' });
    expect(performance.now() - from).toBeLessThan(CHECK_MS + BOUND_MS + 10_000);
  });
});
