import type { FunctionComponent } from 'preact';
import { textOf } from './text.js';

/** More than this is no reading any more; a copy has all of it. */
const SHOWN_MAX = 300_000;
/**
 * A browser that looks for a place to break a word that is longer than its line begins anew for every line: 4,000 letters
 * without a space, which anybody may send, take it half a second, and 64,000 a minute. So there is a place here and there.
 */
const UNBROKEN = /(\S{64})(?=\S)/u;

/** A text that somebody else wrote, or that a bridge sent, however long it and its words are. */
export const LongText: FunctionComponent<{ text: unknown; most?: number }> = ({ text, most = SHOWN_MAX }) => {
  const whole = textOf(text);
  const parts = whole.slice(0, most).split(UNBROKEN);
  return (
    <>
      {parts.length === 1
        ? parts[0]
        : parts.map((part, index) => (index % 2 === 1 ? [part, <wbr key={index} />] : part))}
      {whole.length > most && ` … and ${whole.length - most} characters more`}
    </>
  );
};
