import { randomUUID } from 'node:crypto';
import { BridgeClient, postgresUrl, refresh, startBridge, TcpProxy, type Tokens } from '@drawbridge/testing';
import { sql } from 'kysely';
import { ClusterWorld, codeOf, directTo, Flood, gets, sendNews, textOf, tookMs } from './cluster-world.js';

/** Lease and margin of the contract, in ms. */
const BOUND_MS = 5_000;
/** What a receipt may take on top of the bound on a busy machine: reading the rows, and writing it. */
const SLACK_MS = 1_000;
const LATE_MS = 10_000;
const PATIENT_MS = 60_000;

/** The process's wall clock goes back an hour when it is told so; its monotonic clock goes on. */
const CLOCK_SETTER = `
  const now = Date.now;
  let back = 0;
  Date.now = () => now() - back;
  process.on('SIGUSR2', () => { back = 3_600_000 - back; });`;
/** And right again when it is told once more. */
const SET_CLOCK = 'SIGUSR2';

describe('An end of consent while things fail, on three gateways', () => {
  let world: ClusterWorld;
  let proxy: TcpProxy;
  let bob: BridgeClient;
  let conversation: string;

  beforeAll(async () => {
    const databaseUrl = await postgresUrl();
    proxy = await TcpProxy.to(databaseUrl);
    world = await ClusterWorld.start({
      databaseUrl,
      env: (n) => ({
        ...(n === 2 ? { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(CLOCK_SETTER)}` } : {}),
        ...(n === 3 ? { DATABASE_URL: proxy.url } : {}),
      }),
    });
    bob = await world.connect(0, await world.signIn('bob'));
    conversation = await directTo(bob, 'alice');
  }, PATIENT_MS);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  const bridge = (n: number) => world.cluster.bridges[n]!;
  const lastSeen = ({ frames }: BridgeClient) => Math.max(0, ...frames.map(({ seq }) => seq ?? 0));

  /** Another process of the bridge, on the same database and Redis. */
  function another(gateway: string) {
    const { databaseUrl, redisUrl, publicUrl } = world.cluster;
    const env = { GATEWAY_ID: gateway, PUBLIC_URL: publicUrl, REDIS_URL: redisUrl! };
    return startBridge({ database: 'postgres', databaseUrl, env });
  }

  test(
    'a gateway whose database answers 10 s late stops by its own clock, loses nobody’s message, and comes back (I2, I4, I6)',
    async () => {
      const [alices, carols] = await Promise.all([world.signIn('alice'), world.signIn('carol')]);
      const [alice, carol] = await Promise.all([world.connect(2, alices), world.connect(2, carols)]);
      const toCarol = await directTo(bob, 'carol');
      await gets(carol, await sendNews(bob, toCarol));
      const flood = new Flood([{ client: bob, conversation }], 4);
      await gets(alice, await sendNews(bob, conversation));
      proxy.delayAnswers(LATE_MS);
      await world.revoke(alices, 0);
      const receipt = await world.receipt(alices);
      await flood.stop();
      const after = await sendNews(bob, conversation);
      expect(tookMs(receipt)).toBeLessThan(BOUND_MS + SLACK_MS);
      const confirmed = Object.fromEntries(receipt.gateways.map((each) => [each.id, each]));
      expect(confirmed).toMatchObject({
        'gw-1': { confirmed: 'ack' },
        'gw-2': { confirmed: 'ack' },
        'gw-3': { confirmed: 'lease_expired' },
      });
      expect(await codeOf(carol.request('conversation.list', {}))).toMatch(/^(consent_unverifiable|closed.*)$/);
      const missed = await sendNews(bob, toCarol);
      expect(await carol.closed).toEqual({ code: 4503, reason: 'consent_unverifiable' });
      expect((await fetch(`${bridge(2).internalUrl}/readyz`)).status).toBe(503);
      proxy.delayAnswers(0);
      await alice.closed;
      expect(lastSeen(alice)).toBeLessThanOrEqual(confirmed['gw-3']!.lastSeq!);
      expect(alice.frames.map(textOf)).not.toContain(after);
      const back = await resume(2, carols, carol);
      await gets(back, missed);
      expect([...alice.problems, ...carol.problems, ...back.problems]).toEqual([]);
      await back.close();
    },
    PATIENT_MS,
  );

  test('a gateway whose wall clock is set back proves its consent anew, and misses no message and no end (I2, I4, I6)', async () => {
    const alices = await world.signIn('alice');
    const alice = await world.connect(1, alices);
    await gets(alice, await sendNews(bob, conversation));
    bridge(1).signal(SET_CLOCK);
    for (let n = 0; n < 20; n++) await gets(alice, await sendNews(bob, conversation));
    expect((await world.figures(1))('drawbridge_lease_left_seconds')).toBeGreaterThan(0);
    await world.revoke(alices, 0);
    const receipt = await world.receipt(alices);
    expect(receipt.gateways.map(({ confirmed }) => confirmed)).toEqual(['ack', 'ack', 'ack']);
    expect(tookMs(receipt)).toBeLessThan(BOUND_MS);
    expect(await alice.closed).toEqual({ code: 4403, reason: 'signed_out' });
    expect(alice.problems).toEqual([]);
    bridge(1).signal(SET_CLOCK);
  });

  test('what a frozen gateway had not stored at the end it never stores, and at most one write leaves it (I1, I2)', async () => {
    const alices = await world.signIn('alice');
    const alice = await world.connect(2, alices);
    await gets(alice, await sendNews(bob, conversation));
    bridge(2).signal('SIGSTOP');
    const refused = randomUUID();
    const sending = codeOf(alice.request('message.send', { conversation, text: refused, clientId: randomUUID() }));
    const before = alice.frames.length;
    await world.revoke(alices, 0);
    const receipt = await world.receipt(alices);
    const after = await sendNews(bob, conversation);
    bridge(2).signal('SIGCONT');
    await alice.closed;
    expect(await sending).toMatch(/^(consent_ended|consent_unverifiable|closed.*)$/);
    const { lastSeq } = receipt.gateways.find(({ confirmed }) => confirmed === 'lease_expired')!;
    expect(lastSeen(alice)).toBeLessThanOrEqual(lastSeq!);
    expect(alice.frames.slice(before).filter(({ seq }) => seq !== undefined)).toEqual([]);
    expect(alice.frames.map(textOf)).not.toContain(after);
    expect(await stored(refused)).toBe(0);
  });

  test(
    'an authority that is killed while it waits has ended the access all the same, and another finishes the receipt (I2)',
    async () => {
      const alices = await world.signIn('alice');
      const alice = await world.connect(1, alices);
      const frozen = await world.connect(2, alices);
      bridge(2).signal('SIGSTOP');
      const asked = world.revoke(alices, 0).catch(() => 'cut off');
      // Closed on gateway 2: so the end has been committed, and the authority waits for gateway 3.
      expect(await alice.closed).toEqual({ code: 4403, reason: 'signed_out' });
      await bridge(0).kill();
      expect(await asked).toBe('cut off');
      const receipt = await world.receipt(alices);
      bridge(2).signal('SIGCONT');
      await frozen.closed;
      const confirmed = receipt.gateways.map(({ id, confirmed }) => `${id} ${confirmed}`);
      expect(confirmed).toContain('gw-2 ack');
      expect(confirmed).toContain('gw-3 lease_expired');
      await bridge(0).start();
      bob = await world.connect(0, await world.signIn('bob'));
    },
    PATIENT_MS,
  );

  test(
    'a gateway that joins during the end lets nobody in, and none that was there is passed over (I1, I2)',
    async () => {
      const alices = await world.signIn('alice');
      const alice = await world.connect(1, alices);
      bridge(2).signal('SIGSTOP');
      const ending = world.revoke(alices, 0);
      await alice.closed;
      await using joining = await another('gw-4');
      const late = await BridgeClient.connect(joining.ownUrl);
      expect(await codeOf(late.open(alices))).toBe('consent_ended');
      expect(await late.closed).toEqual({ code: 4403, reason: 'signed_out' });
      await ending;
      bridge(2).signal('SIGCONT');
      const receipt = await world.receipt(alices);
      expect(receipt.gateways).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ id: 'gw-1', confirmed: 'ack' }),
          expect.objectContaining({ id: 'gw-2', confirmed: 'ack' }),
          expect.objectContaining({ id: 'gw-3', confirmed: 'lease_expired' }),
        ]),
      );
      await joining.stop();
    },
    PATIENT_MS,
  );

  test('two processes with the same GATEWAY_ID are two gateways: both close, and both confirm (I2)', async () => {
    await using twin = await another('gw-1');
    const alices = await world.signIn('alice');
    const [first, second] = [await world.connect(0, alices), await BridgeClient.connect(twin.ownUrl)];
    await second.open(alices);
    const news = await sendNews(bob, conversation);
    await Promise.all([gets(first, news), gets(second, news)]);
    await world.revoke(alices, 1);
    const receipt = await world.receipt(alices);
    expect(receipt.closed).toBe(2);
    const confirmed = receipt.gateways.filter(({ id }) => id === 'gw-1').map((each) => each.confirmed);
    expect(confirmed).toEqual(['ack', 'ack']);
    const closes = await Promise.all([first.closed, second.closed]);
    expect(closes).toEqual(Array(2).fill({ code: 4403, reason: 'signed_out' }));
    await twin.stop();
  });

  test('a process that stands still in the middle of a transaction keeps nobody from ending a consent (I2)', async () => {
    const alices = await world.signIn('alice');
    const alice = await world.connect(1, alices);
    const locked = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    const standing = world.database
      .tables<object>()
      .transaction()
      .execute(async (tx) => {
        await sql`update consent_feed_counter set number = number`.execute(tx);
        locked.resolve();
        await over.promise;
      });
    await locked.promise;
    const askedAt = performance.now();
    await world.revoke(alices, 0);
    expect(performance.now() - askedAt).toBeLessThan(BOUND_MS);
    expect(await alice.closed).toEqual({ code: 4403, reason: 'signed_out' });
    // Counted from when it was asked for, though it could not be stored at once.
    expect(tookMs(await world.receipt(alices))).toBeGreaterThan(1_000);
    over.resolve();
    await expect(standing).rejects.toThrow();
  });

  test('a feed that is restored to an earlier state drops every connection, whoever it belongs to (I2, I6)', async () => {
    const alices = await world.signIn('alice');
    const clients = await Promise.all([0, 1, 2].map((n) => world.connect(n, alices)));
    await world.revoke(await world.signIn('dave'));
    await sql`
      with gone as (delete from consent_feed where number = (select max(number) from consent_feed) returning number),
        receipt as (delete from consent_receipt where number = (select number from gone))
      update consent_feed_counter set number = (select number - 1 from gone)`.execute(world.database.tables());
    for (const client of [...clients, bob]) expect([1006, 4503]).toContain((await client.closed).code);
    const again = await resume(0, alices, clients[0]!);
    await again.close();
    bob = await world.connect(0, await world.signIn('bob'));
  });

  test(
    'a send accepted before the end is stored before it is effective, or not at all (I2, I3)',
    async () => {
      for (let round = 0; round < 20; round++) {
        const alices = await world.signIn('alice');
        const clients = await Promise.all([0, 1, 2].map((n) => world.connect(n, alices)));
        const mark = randomUUID();
        const accepted: string[] = [];
        const sends = clients.flatMap((client, n) =>
          Array.from({ length: 30 }, async (_, index) => {
            const text = `${mark} ${n} ${index}`;
            const code = await codeOf(
              client
                .request('message.send', { conversation, text, clientId: randomUUID() })
                .then(() => accepted.push(text)),
            );
            expect(code).toMatch(/^(ok|consent_ended|closed.*)$/);
          }),
        );
        await world.revoke(alices, round % 3);
        const atReceipt = await stored(mark);
        await Promise.all([...sends, ...clients.map(({ closed }) => closed)]);
        await sendNews(bob, conversation);
        expect(await stored(mark)).toBe(atReceipt);
        expect(atReceipt).toBeGreaterThanOrEqual(accepted.length);
      }
    },
    PATIENT_MS,
  );

  test('a refresh that is held between its check and its write while the grant ends yields nothing usable (I1, I2)', async () => {
    const alices = await world.signIn('alice');
    const alice = await world.connect(1, alices);
    const db = world.database.tables();
    await sql`create function held() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock_shared(42); return new; end $$`.execute(db);
    await sql`create trigger held before insert on oidc_artifact for each row execute function held()`.execute(db);
    const refreshing = await db.transaction().execute(async (tx) => {
      await sql`select pg_advisory_xact_lock(42)`.execute(tx);
      const started = refresh(world.cluster, alices);
      await until(async () => {
        const { rows } = await sql<{ held: boolean }>`
          select exists (select from pg_locks where locktype = 'advisory' and not granted) as held`.execute(db);
        return rows[0]!.held;
      });
      await alice.request('session.close', {});
      await world.receipt(alices);
      return { started };
    });
    const refreshed = await refreshing.started.catch((error: Error) => error.message);
    await sql`drop trigger held on oidc_artifact`.execute(db);
    // Whether there is an answer with tokens or not: they open nothing, and give no more of them.
    if (typeof refreshed === 'string') return expect(refreshed).toMatch(/invalid_grant/);
    for (const n of [0, 1, 2]) {
      const client = await world.unopened(n);
      expect(await codeOf(client.open(refreshed))).toBe('consent_ended');
      expect(await client.closed).toEqual({ code: 4403, reason: 'signed_out' });
    }
    await expect(refresh(world.cluster, refreshed)).rejects.toThrow('invalid_grant');
  });

  /** How many messages with this in their text are stored. */
  async function stored(part: string): Promise<number> {
    const { rows } = await sql<{ count: number }>`
      select count(*)::integer as count from message where text like ${`%${part}%`}`.execute(world.database.tables());
    return rows[0]!.count;
  }

  /** On gateway n, when it lets somebody in again. */
  async function resume(n: number, tokens: Tokens, last: BridgeClient): Promise<BridgeClient> {
    const { mailbox } = last.frames.find(({ id }) => id === 't-1')!.data as { mailbox: { epoch: string } };
    for (;;) {
      const client = await world.unopened(n);
      const code = await codeOf(client.open(tokens, { epoch: mailbox.epoch, after: last.lastSeq! }));
      if (code === 'ok') return client;
      expect(code).toBe('consent_unverifiable');
      await client.closed;
    }
  }
});

/** Looks again until it is so. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}
