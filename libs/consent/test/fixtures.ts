import { randomUUID } from 'node:crypto';
import { InProcessBus } from '@drawbridge/bus';
import type { Database } from '@drawbridge/database';
import { type EndReason, type Scope, type ScopeSet, scopeBit, scopeSet } from '@drawbridge/protocol';
import { sql } from 'kysely';
import {
  ConsentLease,
  type ConsentLeaseOptions,
  type ConsentSession,
  Endings,
  type EndingsOptions,
  type Grant,
  Grants,
  type Refusal,
} from '../src/index.js';

export const READ = scopeBit('messages.read');
export const SEND = scopeBit('messages.send');
export const ALL = scopeSet(['messages.read', 'messages.send', 'profile']);
/** Of the tests: short enough to be waited for. */
export const LEASE_MS = 1_500;
export const MARGIN_MS = 500;

/** What takes consent away, and whom it concerns. */
type FeedEntry =
  | { kind: 'grant_ended'; grant: string; reason: EndReason }
  | { kind: 'grant_narrowed'; grant: string; scopes: readonly Scope[] }
  | { kind: 'app_ended'; clientId: string; reason: EndReason }
  | { kind: 'app_narrowed'; clientId: string; scopes: readonly Scope[] }
  | { kind: 'partner_suspended' | 'partner_ended'; partner: string; reason: EndReason }
  | { kind: 'partner_narrowed'; partner: string; scopes: readonly Scope[] };
const NOBODY = { grant: null, clientId: null, partner: null, scopes: null, reason: null };

/** A person, a partner with an app, leases and an authority, all on one bus; what was started is stopped at the end. */
export class World implements AsyncDisposable {
  readonly bus = new InProcessBus();
  readonly grants: Grants;
  readonly partner = randomUUID();
  readonly problems: string[] = [];
  private readonly stops: (() => Promise<void>)[] = [];
  person = { key: 0, id: 'alice' };

  private constructor(readonly database: Database) {
    this.grants = new Grants(database);
  }

  /** On a migrated database, which it closes at the end. */
  static async on(database: Database): Promise<World> {
    const world = new World(database);
    const { rows } = await sql<{ key: number }>`
      insert into person (id, handle, name) values ('alice', 'alice', 'Alice') returning key`.execute(world.db);
    world.person = { key: rows[0]?.key ?? 0, id: 'alice' };
    await sql`insert into partner (id, name, homepage, privacy_url, contact, scopes, status)
      values (${world.partner}, 'Tunebox', 'https://t.example', 'https://t.example/p', 'a@t.example',
              '{profile,messages.read,messages.send}', 'approved')`.execute(world.db);
    await sql`insert into app (client_id, partner, name, kind, redirect_uris, scopes)
      values ('tunebox-desktop', ${world.partner}, 'Tunebox', 'native', '{}', '{profile,messages.read,messages.send}')`.execute(
      world.db,
    );
    return world;
  }

  get db() {
    return this.database.tables<object>();
  }

  grant(over: Partial<Parameters<Grants['create']>[0]> = {}): Promise<Grant> {
    return this.grants.create({
      person: this.person.key,
      clientId: 'tunebox-desktop',
      partner: this.partner,
      scopes: ['messages.read', 'messages.send', 'profile'],
      authTime: new Date(),
      days: 90,
      ...over,
    });
  }

  async lease(over: Partial<ConsentLeaseOptions> = {}): Promise<ConsentLease & { events: string[] }> {
    const events: string[] = [];
    const lease = new ConsentLease({
      database: this.database,
      bus: this.bus,
      instance: randomUUID(),
      gateway: 'gw',
      leaseMs: LEASE_MS,
      marginMs: MARGIN_MS,
      onLost: (reason) => events.push(reason),
      onLapsed: () => events.push('lapsed'),
      onRestored: () => events.push('restored'),
      onProblem: (problem, error) => this.problems.push(`${problem}: ${error}`),
      ...over,
    });
    await lease.start();
    this.stops.push(() => lease.stop());
    return Object.assign(lease, { events });
  }

  endings(over: Partial<EndingsOptions> = {}): Endings {
    const endings = new Endings({
      database: this.database,
      bus: this.bus,
      leaseMs: LEASE_MS,
      marginMs: MARGIN_MS,
      idleDays: 30,
      onProblem: (problem, error) => this.problems.push(`${problem}: ${error}`),
      ...over,
    });
    this.stops.push(() => endings.stop());
    return endings;
  }

  /** A row of the feed, which commits with the counter, as every end does. */
  async append(entry: FeedEntry): Promise<void> {
    const { kind, grant, clientId, partner, scopes, reason } = { ...NOBODY, ...entry };
    await sql`
      with counter as (update consent_feed_counter set number = number + 1 returning number)
      insert into consent_feed (number, kind, grant_id, client_id, partner, scopes, reason)
      select number, ${kind}::text, ${grant}::uuid, ${clientId}::text, ${partner}::uuid, ${scopes}::text[], ${reason}::text
      from counter`.execute(this.db);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.stops.map((stop) => stop()));
    await this.bus.close();
    await this.database.close();
  }
}

export interface Opened {
  session: ConsentSession;
  /** What the listener was told. */
  told: string[];
}

const tomorrow = () => Date.now() + 86_400_000;

export async function tryOpen(
  lease: ConsentLease,
  grant: { id: string },
  tokenScopes: ScopeSet = ALL,
  over: { clientName?: string; fromSeq?: number } = {},
) {
  const told: string[] = [];
  const session = await lease.open({
    grant: grant.id,
    clientId: 'tunebox-desktop',
    personId: 'alice',
    tokenScopes,
    tokenExpiresAtMs: tomorrow(),
    listener: {
      ended: (reason) => told.push(reason),
      narrowed: (scopes) => told.push(`narrowed to ${scopes}`),
      superseded: () => told.push('superseded'),
    },
    ...over,
  });
  return { session, told };
}

/** Opens as soon as consent can be proven: on a busy machine a short lease lapses now and then. */
export async function open(
  lease: ConsentLease,
  grant: { id: string },
  tokenScopes?: ScopeSet,
  over?: { clientName?: string; fromSeq?: number },
): Promise<Opened> {
  await eventually(() => lease.isFresh());
  const { session, told } = await tryOpen(lease, grant, tokenScopes, over);
  if ('refused' in session) throw new Error(`refused: ${session.refused}`);
  return { session, told };
}

export async function refusal(lease: ConsentLease, grant: { id: string }): Promise<Refusal | undefined> {
  const { session } = await tryOpen(lease, grant);
  return 'refused' in session ? session.refused : undefined;
}

const PATIENCE_MS = 20_000;

/** Asks again in each turn of the event loop until it is so; fails when that never comes. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > until) throw new Error(`Not so within ${PATIENCE_MS} ms: ${isSo}`);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

export interface HeldDatabase {
  database: Database;
  /** From now on statements whose SQL contains `part` are held; resolves when one has been answered and is held. */
  hold(part: string): Promise<void>;
  /** Lets the held answers through. */
  release(): void;
}

/** The same database, over a line on which the answers of some statements are held up. */
export function holdable(database: Database): HeldDatabase {
  let held: { part: string; reached(): void; gate: Promise<void>; open(): void } | undefined;
  const line = <T>(kysely: ReturnType<typeof database.tables<T>>) =>
    kysely.withPlugin({
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        if (held && JSON.stringify(Object.keys(result.rows[0] ?? {})).includes(held.part)) {
          held.reached();
          await held.gate;
        }
        return result;
      },
    });
  const proxy = new Proxy(database, {
    get(target, name) {
      if (name === 'tables') return <T>() => line(target.tables<T>());
      if (name === 'control') return <T>() => line(target.control<T>());
      if (name === 'ends') return <T>() => line(target.ends<T>());
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return {
    database: proxy,
    hold(part) {
      let open = () => {};
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      return new Promise((resolve) => {
        held = { part, reached: resolve, gate, open };
      });
    },
    release() {
      held?.open();
      held = undefined;
    },
  };
}
