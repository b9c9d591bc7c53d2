import type { WebhooksResult } from './run.js';

/** How fast it went, in how much memory, and what is wrong. */
export function webhooksReport({ events, ms, firstAfterMs, again, heapBytes, problems }: WebhooksResult): string {
  return [
    `${events} events in ${(ms / 1_000).toFixed(1)} s, ${Math.round((1_000 * events) / ms)} a second, the first ${(firstAfterMs / 1_000).toFixed(1)} s after the receiver was back; ${again} came again`,
    `heap of the bridge before, and then: ${heapBytes.map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`).join(', ')}`,
    ...problems,
    problems.length === 0 ? 'PASSED: each was told, in the order of its conversation' : 'FAILED',
  ].join('\n');
}
