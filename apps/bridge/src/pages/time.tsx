import { type TimeForm, timeIn } from '../texts/times.js';
import { useTexts } from './use-texts.js';

/** A time, in UTC and saying so; times-script.ts makes it the person's own, where the page has the script. */
export function Time({ at, as, now }: { at: Date; as: TimeForm; now?: Date }) {
  return (
    <time dateTime={at.toISOString()} data-as={as}>
      {timeIn(useTexts().times, at, as, now)}
    </time>
  );
}
