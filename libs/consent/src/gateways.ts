import type { Database } from '@drawbridge/database';
import { appendEntry } from '@drawbridge/ledger';
import { sql } from 'kysely';
import { isUuid } from './grants.js';

/** A running process that holds a lease, as it said of itself with its last renewal. */
export interface GatewayView {
  /** GATEWAY_ID: only a name. */
  id: string;
  /** Of this process alone. */
  instance: string;
  leaseMs: number;
  renewedAt: Date;
  /** How long ago that was, on the database's clock. */
  ageMs: number;
  startedAt: Date;
  connections: number;
  /** How far it has applied the consent feed. */
  position: number;
  draining: boolean;
  drainRequestedBy: string | null;
}

export interface GatewaysView {
  gateways: GatewayView[];
  /** The head of the consent feed. */
  head: number;
}

/** Undefined where there is none of this name; `ambiguous` where there are several, and the instance must be named. */
export type GatewayToDrain = GatewayView | 'ambiguous' | undefined;

/** The gateways that hold a lease, as operators see them and ask something of them. */
export class Gateways {
  constructor(private readonly database: Database) {}

  async all(): Promise<GatewaysView> {
    const { rows } = await sql<GatewayView & { head: number }>`
      select l.gateway as id, l.instance, l.lease_ms as "leaseMs", ms_up(l.renewed_at) as "renewedAt",
        greatest(0, ceil(extract(epoch from clock_timestamp() - l.renewed_at) * 1000))::integer as "ageMs",
        ms_up(l.started_at) as "startedAt", l.connections, l.position, l.draining or l.drain_requested_by is not null as draining,
        l.drain_requested_by as "drainRequestedBy", c.number as head
      from gateway_lease l cross join consent_feed_counter c order by l.gateway, l.started_at, l.instance`.execute(
      this.database.tables(),
    );
    return { gateways: rows.map(({ head, ...gateway }) => gateway), head: rows[0]?.head ?? 0 };
  }

  /** By its name, or by its instance. */
  async find(id: string): Promise<GatewayToDrain> {
    const { gateways } = await this.all();
    const named = gateways.filter((gateway) => gateway.instance === id.toLowerCase() || gateway.id === id);
    return named.length > 1 ? 'ambiguous' : named[0];
  }

  /**
   * Asks a process to send its connections away: it finds that in its lease row, at its next renewal. False where the
   * process is gone. Asked a second time nothing more happens.
   */
  async requestDrain({ instance, id }: { instance: string; id: string }, by: string, note?: string): Promise<boolean> {
    if (!isUuid(instance)) return false;
    return await this.database
      .tables<object>()
      .transaction()
      .execute(async (tx) => {
        const { rows } = await sql<{ asked: boolean }>`
          select drain_requested_by is not null or draining as asked from gateway_lease
          where instance = ${instance}::uuid for update`.execute(tx);
        const [lease] = rows;
        if (!lease) return false;
        if (lease.asked) return true;
        await sql`update gateway_lease set drain_requested_by = ${by}::text where instance = ${instance}::uuid`.execute(
          tx,
        );
        const data = { gateway: id, instance, ...(note === undefined ? {} : { note }) };
        await appendEntry(tx, { kind: 'gateway_drained', actor: by, data });
        return true;
      });
  }
}
