import { Injectable, Logger } from '@nestjs/common';
import type { Connection } from './connection.js';
import { DRAIN_LIMITS, sendAway, within } from './drain.js';

export const CONNECTIONS_LIMITS = {
  /** A lease that has lapsed may come back; connections are closed (4503) when it has not by then. */
  unverifiableGraceMs: 2_000,
} as const;

/** The gateways that clients can go to when this one is drained. */
export interface OtherGateways {
  /** Whether there seem to be any. */
  exist(): boolean;
  /** Resolves when they know that this one is drained: its connections do not count there for the limit of a grant. */
  know(): Promise<unknown>;
}

/** Every connection of this gateway, and what happens to all of them at once. */
@Injectable()
export class Connections {
  private readonly log = new Logger('Gateway');
  private readonly all = new Set<Connection>();
  private readonly leaving = new Set<Promise<unknown>>();
  private graceTimer: NodeJS.Timeout | undefined;
  private drainUnderWay: Promise<void> | undefined;
  private allGone: (() => void) | undefined;
  /** No upgrade is accepted any more. */
  draining = false;
  others: OtherGateways = { exist: () => false, know: () => Promise.resolve() };

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

  removed(connection: Connection): void {
    this.all.delete(connection);
    const consent = connection.session?.consent;
    if (consent) {
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

  /**
   * Says good-bye, finishes what was accepted, and closes (4512). Resolves when every connection is gone. Whoever asks
   * while that is under way waits for the same.
   */
  drain(windowMs: number): Promise<void> {
    this.draining = true;
    this.drainUnderWay ??= this.sendAllAway(windowMs).finally(() => {
      this.drainUnderWay = undefined;
    });
    return this.drainUnderWay;
  }

  private async sendAllAway(windowMs: number): Promise<void> {
    const since = performance.now();
    const connections = this.all.size;
    if (connections > 0) this.log.log({ connections, windowMs }, 'Draining');
    // Where there is no other gateway there is nothing to wait for.
    const moveMs = this.others.exist() ? DRAIN_LIMITS.moveMs : 0;
    if (connections > 0 && moveMs > 0) await within(DRAIN_LIMITS.announceMs, this.others.know());
    await sendAway([...this.all], windowMs, moveMs);
    await within(DRAIN_LIMITS.closeMs, this.whenAllGone());
    const unanswered = this.all.size;
    for (const connection of this.all) connection.terminate();
    await within(DRAIN_LIMITS.closeMs, this.whenAllGone());
    clearTimeout(this.graceTimer);
    await Promise.all(this.leaving);
    const ms = Math.round(performance.now() - since);
    if (connections > 0) this.log.log({ connections, unanswered, ms }, 'Drained');
  }

  private whenAllGone(): Promise<void> {
    if (this.all.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.allGone = resolve;
    });
  }
}
