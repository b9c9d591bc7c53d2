import type { Bus } from '@drawbridge/bus';
import type { Database } from '@drawbridge/database';
import { LIMITS } from '@drawbridge/protocol';
import { SURPLUS_CHANNEL } from './channels.js';
import { openWindows } from './lease-store.js';
import type { ConsentSession } from './session.js';
import type { SessionIndex } from './session-index.js';

export interface ConnectionLimitOptions {
  readonly database: Database;
  readonly bus: Bus;
  readonly index: SessionIndex;
  /** Of this process's lease row. */
  instance(): string;
  onProblem(problem: string, error: unknown): void;
}

/** Windows of one grant, as a hint to the other gateways. */
interface Surplus {
  readonly grant: string;
  readonly windows: readonly number[];
}

/**
 * More connections on one grant than it may have, on whichever gateways: the oldest go (I9). Their windows tell how many
 * there are; a hint tells the gateways. One that is lost is made good by the next opening, which finds them again.
 * Connections of a gateway that was killed count until its lease row goes, some seconds; those of one that is drained
 * count only there.
 */
export class ConnectionLimit {
  private unsubscribe: (() => void) | undefined;

  constructor(private readonly o: ConnectionLimitOptions) {}

  async start(): Promise<void> {
    this.unsubscribe = await this.o.bus.subscribe(SURPLUS_CHANNEL, (payload) => {
      const surplus = read(payload);
      if (surplus) this.supersede(surplus);
    });
  }

  stop(): void {
    this.unsubscribe?.();
  }

  /** Asked after the window was committed: of two at the same moment at least the later one finds both. */
  async opened({ grant }: ConsentSession): Promise<void> {
    try {
      const own = this.o.instance();
      const open = await openWindows(this.o.database.tables<object>(), grant, own);
      const here = new Set(this.o.index.of(grant).map(({ window }) => window));
      // One whose connection has gone counts no more, though its closing may not be stored yet.
      const alive = open.filter(({ id, instance }) => instance !== own || here.has(id));
      const windows = alive.slice(LIMITS.maxConnectionsPerGrant).map(({ id }) => id);
      if (windows.length === 0) return;
      const elsewhere = this.supersede({ grant, windows });
      if (elsewhere) this.o.bus.publish(SURPLUS_CHANNEL, Buffer.from(JSON.stringify({ grant, windows })));
    } catch (error) {
      this.o.onProblem('the connections of a grant could not be counted', error);
    }
  }

  /** Whether some are not of this process. */
  private supersede({ grant, windows }: Surplus): boolean {
    const here = this.o.index.of(grant).filter(({ window }) => window !== undefined && windows.includes(window));
    for (const session of here) session.supersede();
    return here.length < windows.length;
  }
}

/** Undefined where it is not one: what comes from the bus is believed no more than it must be. */
function read(payload: Uint8Array): Surplus | undefined {
  try {
    const { grant, windows } = JSON.parse(Buffer.from(payload).toString()) as Partial<Surplus>;
    return typeof grant === 'string' && Array.isArray(windows) ? { grant, windows } : undefined;
  } catch {
    return undefined;
  }
}
