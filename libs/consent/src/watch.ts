import type { QueryExecutorProvider } from 'kysely';
import { sql } from 'kysely';
import type { Clock } from './clock.js';

export interface LeaseRow {
  instance: string;
  gateway: string;
  leaseMs: number;
  renewals: number;
  position: number;
  acknowledgedAt: Date;
}

/** Every lease row that was there while an end was waited for; without `acknowledgedAt` the bound decided. */
export interface Decision {
  gateways: { instance: string; gateway: string; acknowledgedAt?: Date }[];
}

export interface LeaseWatchOptions {
  db(): QueryExecutorProvider;
  clock: Clock;
  /** The lease of this deployment; a longer one found in a row counts instead. */
  leaseMs: number;
  marginMs: number;
  onProblem(problem: string, error: unknown): void;
}

interface Waiter {
  number: number;
  since: number;
  longestLeaseMs: number;
  seen: Map<string, { gateway: string; acknowledgedAt?: Date }>;
  resolve(decision: Decision): void;
  reject(error: unknown): void;
}

/** While somebody waits the rows are read so often, and at once when a gateway says that it has acknowledged. */
const READ_EVERY_MS = 50;
/** How long past the bound a database that does not answer is waited for; afterwards another authority finishes. */
const GIVE_UP_AFTER_MS = 10_000;

export class EndUnconfirmed extends Error {
  override readonly name = 'EndUnconfirmed';
  readonly code = 'unavailable';
  constructor() {
    super('The consent is ended, but when that took effect cannot be told yet.');
  }
}

/**
 * Reads the lease rows for everybody who waits for a feed number to take effect. Compares positions, and durations on
 * this process's own monotonic clock; never another machine's time (I2).
 */
export class LeaseWatch {
  private readonly waiters = new Set<Waiter>();
  private observed = new Map<string, { renewals: number; since: number }>();
  private reading = false;
  private again = false;
  private stopped = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly o: LeaseWatchOptions) {}

  /**
   * Resolves when the feed row has taken effect everywhere. `since`: this process's monotonic clock when the commit had
   * returned, or any later moment. EndUnconfirmed when the database does not answer.
   */
  wait(number: number, since: number): Promise<Decision> {
    if (this.stopped) return Promise.reject(new EndUnconfirmed());
    return new Promise((resolve, reject) => {
      this.waiters.add({ number, since, longestLeaseMs: this.o.leaseMs, seen: new Map(), resolve, reject });
      this.look();
    });
  }

  /** Reads now, or once more where a read is under way: it may have seen less. */
  look(): void {
    if (this.waiters.size === 0) return;
    this.again = true;
    if (!this.reading) void this.readWhileWanted();
  }

  /** Rows whose renewals have stood still for lease + margin while this process looked on. */
  async observeDead(): Promise<LeaseRow[]> {
    const before = this.o.clock.monotonic();
    const rows = await readLeases(this.o.db());
    const observed = new Map<string, { renewals: number; since: number }>();
    const dead: LeaseRow[] = [];
    for (const row of rows) {
      const known = this.observed.get(row.instance);
      const same = known?.renewals === row.renewals;
      // The first sight of a count is dated after its read, each later one before: the time between is never too long.
      observed.set(row.instance, same ? known : { renewals: row.renewals, since: this.o.clock.monotonic() });
      if (same && before - known.since >= row.leaseMs + this.o.marginMs) dead.push(row);
    }
    this.observed = observed;
    return dead;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const waiter of this.waiters) waiter.reject(new EndUnconfirmed());
    this.waiters.clear();
  }

  private async readWhileWanted(): Promise<void> {
    this.reading = true;
    clearTimeout(this.timer);
    while (this.again) {
      this.again = false;
      // Only those whose commit had returned before this read may be decided by it.
      const waiting = [...this.waiters];
      try {
        const rows = await readLeases(this.o.db());
        for (const waiter of waiting) this.decide(waiter, rows);
      } catch (error) {
        this.o.onProblem('the lease rows could not be read', error);
        for (const waiter of waiting) this.giveUp(waiter);
      }
    }
    this.reading = false;
    this.scheduleRead();
  }

  private decide(waiter: Waiter, rows: readonly LeaseRow[]): void {
    for (const row of rows) {
      waiter.longestLeaseMs = Math.max(waiter.longestLeaseMs, row.leaseMs);
      const seen = waiter.seen.get(row.instance) ?? { gateway: row.gateway };
      if (row.position >= waiter.number) seen.acknowledgedAt ??= row.acknowledgedAt;
      waiter.seen.set(row.instance, seen);
    }
    const acknowledged = rows.every((row) => row.position >= waiter.number);
    if (!acknowledged && this.boundLeft(waiter) > 0) return;
    this.waiters.delete(waiter);
    waiter.resolve({ gateways: [...waiter.seen].map(([instance, seen]) => ({ instance, ...seen })) });
  }

  private boundLeft(waiter: Waiter): number {
    return waiter.since + waiter.longestLeaseMs + this.o.marginMs - this.o.clock.monotonic();
  }

  private giveUp(waiter: Waiter): void {
    if (this.boundLeft(waiter) > -GIVE_UP_AFTER_MS) return;
    this.waiters.delete(waiter);
    waiter.reject(new EndUnconfirmed());
  }

  private scheduleRead(): void {
    clearTimeout(this.timer);
    if (this.waiters.size === 0) return;
    const soonest = Math.min(...[...this.waiters].map((waiter) => this.boundLeft(waiter)));
    this.timer = setTimeout(() => this.look(), Math.max(1, Math.min(READ_EVERY_MS, Math.ceil(soonest))));
  }
}

async function readLeases(db: QueryExecutorProvider): Promise<LeaseRow[]> {
  const { rows } = await sql<LeaseRow>`
    select instance, gateway, lease_ms as "leaseMs", renewals, position, acknowledged_at as "acknowledgedAt"
    from gateway_lease order by started_at, instance`.execute(db);
  return rows;
}
