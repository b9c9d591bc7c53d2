import type { ConsentLease } from '@drawbridge/consent';
import { PRESENCE_STORE_LIMITS, type PresenceChange, type PresenceStore } from '@drawbridge/people';
import type { Connection } from './connection.js';
import type { Delivery } from './delivery.js';
import { within } from './drain.js';
import { PRESENCE, READ } from './scope-bits.js';

export const PRESENCE_LIMITS = {
  /** Who comes and goes is gathered so long, and then stored in one statement. */
  gatherMs: 100,
  /** So often it is looked who has been gone for long enough, and what could not be stored is tried again. */
  settleEveryMs: 1_000,
  /** Everybody who is here is looked up in the store once in this many seconds. */
  lookUpWithinS: 60,
  /** A process that stops waits so long for the store to take who has left. */
  stopMs: 2_000,
} as const;

export interface PresenceOptions {
  readonly store: Pick<PresenceStore, 'moved' | 'settled' | 'lacking'>;
  readonly lease: Pick<ConsentLease, 'instance' | 'isFresh'>;
  readonly leaseMs: number;
  /** Who comes back within this time, on any gateway, was never away. */
  readonly offlineAfterMs: number;
  readonly delivery: Pick<Delivery, 'pass' | 'watch' | 'unwatch'>;
  onChanged(online: boolean): void;
  onProblem(problem: string, error: unknown): void;
}

/**
 * Who is online, as far as they are here: a person is while some connection of theirs may read. A connection that comes or
 * goes costs a number in a map; the store, where all gateways' rows are, is told in batches, and whoever's statement
 * makes somebody online or offline tells their contacts. The events pass: what is lost, presence.list has (I7).
 */
export class Presence {
  /** Connections that may read, by person; somebody without one is not in it. */
  private readonly here = new Map<number, number>();
  /** Who is in the store under this lease, for certain (true) or perhaps. */
  private readonly stored = new Map<number, boolean>();
  private readonly changed = new Set<number>();
  private instance = '';
  private freshSince: number | undefined;
  private gathering: NodeJS.Timeout | undefined;
  private ticking: NodeJS.Timeout | undefined;
  private storing: Promise<void> | undefined;
  private settling: Promise<void> | undefined;
  private lookingUp: Promise<void> | undefined;
  /** Of the round of looking up that goes on at all times. */
  private round: number[] = [];

  constructor(private readonly o: PresenceOptions) {}

  start(): void {
    this.ticking = setInterval(() => this.tick(), PRESENCE_LIMITS.settleEveryMs).unref();
  }

  /** Says who has left. Where that takes too long, the end of the lease says it. */
  async stop(): Promise<void> {
    clearInterval(this.ticking);
    clearTimeout(this.gathering);
    const last = async () => {
      await Promise.all([this.storing, this.settling, this.lookingUp]);
      await this.store();
    };
    await within(PRESENCE_LIMITS.stopMs, last());
  }

  /** The connection has opened, may do less than before, or closes. */
  follow(connection: Connection): void {
    const { presentAs: before, session } = connection;
    const now = connection.state === 'open' ? connection.scopes & (READ | PRESENCE) : 0;
    if (now === before || !session) return;
    connection.presentAs = now;
    const { key } = session.consent.person;
    if ((now ^ before) & READ) this.count(key, now & READ ? 1 : -1);
    if (!((now ^ before) & PRESENCE)) return;
    if (now & PRESENCE) this.o.delivery.watch(key, connection);
    else this.o.delivery.unwatch(key, connection);
  }

  private count(person: number, more: 1 | -1): void {
    const connections = (this.here.get(person) ?? 0) + more;
    if (connections > 0) this.here.set(person, connections);
    else this.here.delete(person);
    if (connections > 1 || (connections === 1 && more < 0)) return;
    this.changed.add(person);
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      void this.store();
    }, PRESENCE_LIMITS.gatherMs).unref();
  }

  private tick(): void {
    void this.store();
    const now = performance.now();
    this.freshSince = this.o.lease.isFresh() ? (this.freshSince ?? now) : undefined;
    // After the database was gone, the others' leases look dead until they have renewed them too.
    if (this.freshSince !== undefined && now - this.freshSince >= this.o.leaseMs) void this.settle();
    this.lookingUp ??= this.lookUp()
      .catch((error: unknown) => this.o.onProblem('who is online could not be looked up', error))
      .finally(() => {
        this.lookingUp = undefined;
      });
  }

  /** Stores who has come and gone. Where it fails, the next tick tries again. */
  private store(): Promise<void> {
    this.storing ??= this.storeAll()
      .catch((error: unknown) => this.o.onProblem('who is online could not be stored', error))
      .finally(() => {
        this.storing = undefined;
      });
    return this.storing;
  }

  private async storeAll(): Promise<void> {
    if (!this.o.lease.isFresh()) return;
    this.followLease();
    while (this.changed.size > 0) {
      const people: number[] = [];
      for (const person of this.changed) {
        people.push(person);
        this.changed.delete(person);
        if (people.length === PRESENCE_STORE_LIMITS.people) break;
      }
      try {
        if (await this.storeSome(people)) continue;
      } catch (error) {
        for (const person of people) this.changed.add(person);
        throw error;
      }
      for (const person of people) this.changed.add(person);
      return;
    }
  }

  /** Under another lease nobody is stored yet. */
  private followLease(): void {
    const { instance } = this.o.lease;
    if (instance === this.instance) return;
    this.instance = instance;
    this.stored.clear();
    for (const person of this.here.keys()) this.changed.add(person);
  }

  /** False where the lease is gone: then there will be another. */
  private async storeSome(people: readonly number[]): Promise<boolean> {
    const came = people.filter((person) => this.here.has(person) && this.stored.get(person) !== true);
    const left = people.filter((person) => !this.here.has(person) && this.stored.has(person));
    if (came.length === 0 && left.length === 0) return true;
    const { instance } = this;
    // Whatever the answer, or without one, they may be there from now on.
    for (const person of came) this.stored.set(person, false);
    const changes = await this.o.store.moved(instance, came, left);
    if (!changes) return false;
    for (const person of came) this.stored.set(person, true);
    for (const person of left) this.stored.delete(person);
    this.tell(changes);
    return true;
  }

  /**
   * Somebody else may have taken this gateway's lease for lapsed while it stood, as where the database's clock jumps. Nothing
   * tells, and its people would be offline until they come anew.
   */
  private async lookUp(): Promise<void> {
    if (this.round.length === 0) this.round = [...this.here.keys()];
    const some = this.round.splice(0, Math.ceil(this.here.size / PRESENCE_LIMITS.lookUpWithinS));
    const certain = some.filter((person) => this.stored.get(person) === true && !this.changed.has(person));
    if (certain.length === 0 || !this.o.lease.isFresh()) return;
    const { instance } = this;
    const lacking = await this.o.store.lacking(instance, certain);
    if (instance !== this.instance) return;
    for (const person of lacking) {
      if (!this.here.has(person)) continue;
      this.stored.set(person, false);
      this.changed.add(person);
    }
    if (lacking.length > 0) void this.store();
  }

  /** Who has been gone for long enough is offline: people of other gateways too, and of those that died. */
  settle(): Promise<void> {
    this.settling ??= this.settleAll()
      .catch((error: unknown) => this.o.onProblem('who is offline could not be found out', error))
      .finally(() => {
        this.settling = undefined;
      });
    return this.settling;
  }

  private async settleAll(): Promise<void> {
    let more = true;
    while (more && this.o.lease.isFresh()) {
      const settled = await this.o.store.settled(this.o.offlineAfterMs);
      this.tell(settled.changes);
      more = settled.more;
    }
  }

  private tell(changes: readonly PresenceChange[]): void {
    for (const { person } of changes) this.o.onChanged(person.online);
    this.o.delivery.pass(
      ...changes.map(({ person: { id, ...is }, told }) => ({
        name: 'presence' as const,
        data: Buffer.from(JSON.stringify({ person: id, ...is })),
        people: told,
      })),
    );
  }
}
