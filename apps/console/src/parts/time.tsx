import type { FunctionComponent } from 'preact';
import { clock } from '../timeline/row.js';
import { textOf } from './text.js';

/** 15:04:05.123 in the tester's own zone, as in the timeline; with its day in front, where that is not today's. */
export function timeWords(at: Date, today = new Date()): string {
  const words = clock(at.getTime());
  return at.toDateString() === today.toDateString() ? words : `${dayOf(at)} ${words}`;
}

/** Characters of what is no time, which only a broken bridge writes. */
const UNREAD_MAX = 60;

/** A time as it is written everywhere in the console. What the bridge wrote, in UTC, is in its title. */
export const Time: FunctionComponent<{ at: string | number }> = ({ at }) => {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <>{textOf(at, UNREAD_MAX)}</>;
  const whole = date.toISOString();
  return (
    <time dateTime={whole} title={whole}>
      {timeWords(date)}
    </time>
  );
};

/** 2026-11-26 */
function dayOf(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
