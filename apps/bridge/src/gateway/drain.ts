import type { Connection } from './connection.js';
import { Notice } from './outbound-frames.js';

export const DRAIN_LIMITS = {
  /** Connections are told in batches, so long one after the other. */
  everyMs: 100,
  /** So many in a batch at least: where there are few, the drain is over long before DRAIN_MS. */
  minBatch: 20,
  /** In `going_away`: clients spread their return over so long again. */
  reconnectWithinMs: 10_000,
  /** The others are to know before the first is told; without the database they cannot, and nobody waits longer. */
  announceMs: 1_000,
  /** A session is served so long after it was told, for its client to open the next connection first; the SDK begins within 1 s. */
  moveMs: 3_000,
  /** For all of a connection once it was told: its client's move, commands under way, and what waits for it. */
  finishMs: 5_000,
  /** For the closing handshakes after the last batch. */
  closeMs: 2_000,
} as const;

/** How many leave in one batch, so that all have been told within the window. */
export function batchSize(connections: number, windowMs: number): number {
  const batches = Math.max(1, Math.floor(windowMs / DRAIN_LIMITS.everyMs));
  return Math.max(DRAIN_LIMITS.minBatch, Math.ceil(connections / batches));
}

/**
 * Tells the connections, spread over the window, and closes each (4512) once its client has had `moveMs` to open the
 * next one, and what it had asked for is done; until then a connection is served as ever. Thousands that came back in
 * one instant would flood the other gateways.
 */
export async function sendAway(connections: readonly Connection[], windowMs: number, moveMs: number): Promise<void> {
  const size = batchSize(connections.length, windowMs);
  const leaving: Promise<void>[] = [];
  for (let start = 0; start < connections.length; start += size) {
    if (start > 0) await pause(DRAIN_LIMITS.everyMs);
    for (const connection of connections.slice(start, start + size)) leaving.push(leave(connection, moveMs));
  }
  await Promise.all(leaving);
}

async function leave(connection: Connection, moveMs: number): Promise<void> {
  connection.push(new Notice('going_away', { reconnectWithinMs: DRAIN_LIMITS.reconnectWithinMs }));
  await within(DRAIN_LIMITS.finishMs, finished(connection, moveMs));
  connection.close('going_away');
}

/** A client that closes by itself has moved, or does not want to. One without a session has nothing to carry over. */
async function finished(connection: Connection, moveMs: number): Promise<void> {
  if (connection.state !== 'waiting' && moveMs > 0) await within(moveMs, connection.whenClosing);
  connection.draining = true;
  await connection.whenIdle();
}

/** Resolves when the work is done, or after so long. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    work,
    new Promise((resolve) => {
      timer = setTimeout(resolve, ms);
    }),
  ]);
  clearTimeout(timer);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
