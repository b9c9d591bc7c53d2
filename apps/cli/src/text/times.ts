import { EXIT_USAGE, Failure } from '../failure.ts';

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
const COUNT = new Intl.NumberFormat('en');
const UNITS = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** 2026-11-25 15:04 UTC (in 3 days) */
export function moment(at: string | null | undefined, now: number = Date.now()): string {
  if (!at) return '–';
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC (${relative(date.getTime() - now)})`;
}

/** 3 days ago */
export function ago(at: string): string {
  return relative(Date.parse(at) - Date.now());
}

/** 2026-11-25 (in 3 days), where there is little room */
export function day(at: string | null | undefined, now: number = Date.now()): string {
  return moment(at, now).replace(/ \d\d:\d\d UTC/, '');
}

/** 2026-11-25 15:04:05.123 UTC, for receipts: there each millisecond counts. */
export function instant(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? at : `${date.toISOString().slice(0, 23).replace('T', ' ')} UTC`;
}

/** 2026-11-25 15:04:05 UTC, for the record */
export function second(at: string): string {
  return instant(at).replace(/\.\d+ UTC$/, ' UTC');
}

/** 38 ms, or 5.02 s */
export function duration(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

/** 1,204 grants; 1 app; people for the plural of person. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${COUNT.format(number)} ${number === 1 ? one : many}`;
}

/** a, b and c */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** A day (its first moment) or a time, in UTC where it names no zone; on the wire as RFC 3339. A usage failure otherwise. */
export function readTime(text: string, option: string): string {
  const form = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?( ?UTC|Z|[+-]\d{2}:\d{2})?$/.exec(text);
  const whole = text.replace(' UTC', 'Z').replace('UTC', 'Z').replace(' ', 'T');
  const date = new Date(form && form[1] === undefined && text.length > 10 ? `${whole}Z` : whole);
  // A day that no month has would slip into the next month.
  const day = new Date(text.slice(0, 10));
  const slipped = () => !day.toISOString().startsWith(text.slice(0, 10));
  if (!form || Number.isNaN(date.getTime()) || slipped()) {
    throw new Failure(`${option} takes a day (2026-12-31) or a time (2026-12-31T18:00Z), not "${text}".`, EXIT_USAGE);
  }
  return date.toISOString();
}

function relative(ms: number): string {
  for (const [unit, length] of UNITS) {
    const number = Math.trunc(ms / length);
    if (number !== 0) return RELATIVE.format(number, unit);
  }
  return 'now';
}
