const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
const MINUTE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });
const CLOCK = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  timeZone: 'UTC',
});

/** 23 November 2026 */
export function day(at: Date): string {
  return DAY.format(at);
}

/** 23 Nov 2026, 15:04 UTC */
export function minute(at: Date): string {
  return `${MINUTE.format(at)} UTC`;
}

/** 15:04:05.123 UTC on 23 November 2026 */
export function instant(at: Date): string {
  return `${CLOCK.format(at)} UTC on ${DAY.format(at)}`;
}

/** 61 ms, or 12 s: from the request until it was in effect. */
export function tookWords({ requestedAt, effectiveAt }: { requestedAt: string; effectiveAt: string }): string {
  const ms = Math.max(0, new Date(effectiveAt).getTime() - new Date(requestedAt).getTime());
  return ms < 10_000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`;
}

const DAY_OF_YEAR = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', timeZone: 'UTC' });
const HOUR = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
const DAY_MS = 86_400_000;

/** today at 15:04 UTC; yesterday at 15:04 UTC; on 12 November at 15:04 UTC. Days are those of UTC, as the times are. */
export function recently(at: Date, now: Date): string {
  const days = Math.floor(now.getTime() / DAY_MS) - Math.floor(at.getTime() / DAY_MS);
  const which = days <= 0 ? 'today' : days === 1 ? 'yesterday' : `on ${DAY_OF_YEAR.format(at)}`;
  return `${which} at ${HOUR.format(at)} UTC`;
}
