import { LIMITS } from '@drawbridge/protocol';
import { Injectable } from '@nestjs/common';
import type { Connection } from './connection.js';

export const CONNECTIONS_LIMITS = {
  /** A lease that has lapsed may come back; connections are closed (4503) when it has not by then. */
  unverifiableGraceMs: 2_000,
  /** In `going_away`: clients spread their return over so long. */
  reconnectWithinMs: 10_000,
  /** For commands under way and what waits, when the gateway drains. */
  drainMs: 5_000,
  /** For the closing handshakes after that. */
  closeMs: 2_000,
} as const;

/** Every connection of this gateway, and what happens to all of them at once. */
@Injectable()
export class Connections {
  private readonly all = new Set<Connection>();
  private readonly byGrant = new Map<string, Connection[]>();
  private readonly leaving = new Set<Promise<unknown>>();
  private graceTimer: NodeJS.Timeout | undefined;
  private allGone: (() => void) | undefined;
  /** No upgrade is accepted any more. */
  draining = false;

  get count(): number {
    return this.all.size;
  }

  /** `opening` has no session yet. */
  countByState(): { opening: number; open: number; closing: number } {
    const counts = { opening: 0, open: 0, closing: 0 };
    for (const { state } of this.all) counts[state === 'waiting' ? 'opening' : state] += 1;
    return counts;
  }

  added(connection: Connection): void {
    this.all.add(connection);
  }

  /** More than four on one grant: the oldest goes (4409). */
  opened(connection: Connection): void {
    const grant = connection.session?.consent.grant;
    if (grant === undefined) return;
    const siblings = this.byGrant.get(grant);
    if (!siblings) {
      this.byGrant.set(grant, [connection]);
      return;
    }
    siblings.push(connection);
    if (siblings.length > LIMITS.maxConnectionsPerGrant) siblings.shift()?.close('superseded');
  }

  removed(connection: Connection): void {
    this.all.delete(connection);
    const consent = connection.session?.consent;
    if (consent) {
      const siblings = this.byGrant.get(consent.grant)?.filter((sibling) => sibling !== connection) ?? [];
      if (siblings.length > 0) this.byGrant.set(consent.grant, siblings);
      else this.byGrant.delete(consent.grant);
      const left = consent.close().catch(() => {});
      this.leaving.add(left);
      void left.finally(() => this.leaving.delete(left));
    }
    if (this.all.size === 0) this.allGone?.();
  }

  /** I6: nothing is delivered from here on; those that wait too long are closed. */
  lapsed(): void {
    clearTimeout(this.graceTimer);
    this.graceTimer = setTimeout(() => this.lost(), CONNECTIONS_LIMITS.unverifiableGraceMs);
  }

  restored(): void {
    clearTimeout(this.graceTimer);
  }

  /** Consent of the connections open now cannot be verified any more. */
  lost(): void {
    clearTimeout(this.graceTimer);
    for (const connection of this.all) if (connection.session) connection.close('consent_unverifiable');
  }

  /** Says good-bye, finishes what was accepted, and closes (4512). Resolves when every connection is gone. */
  async drain(): Promise<void> {
    this.draining = true;
    const { reconnectWithinMs, drainMs, closeMs } = CONNECTIONS_LIMITS;
    const leaving = [...this.all].map((connection) => {
      connection.draining = true;
      connection.event(0, 'going_away', { reconnectWithinMs });
      return connection.whenIdle().then(() => connection.close('going_away'));
    });
    await within(drainMs, Promise.all(leaving));
    for (const connection of this.all) connection.close('going_away');
    await within(closeMs, this.whenAllGone());
    for (const connection of this.all) connection.terminate();
    await within(closeMs, this.whenAllGone());
    clearTimeout(this.graceTimer);
    await Promise.all(this.leaving);
  }

  private whenAllGone(): Promise<void> {
    if (this.all.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.allGone = resolve;
    });
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    work,
    new Promise((resolve) => {
      timer = setTimeout(resolve, ms);
    }),
  ]);
  clearTimeout(timer);
}
