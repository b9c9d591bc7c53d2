import { LIMITS } from './limits.js';

/** What a reply holds beside its page: the frame's own keys, `asOf`, `next`. */
const ENVELOPE_BYTES = 2_048;

/** As much of `items`, from the front, as goes into one reply; always one at least. */
export function withinReply<T>(items: readonly T[]): T[] {
  let bytes = ENVELOPE_BYTES;
  const page: T[] = [];
  for (const item of items) {
    bytes += Buffer.byteLength(JSON.stringify(item)) + 1;
    if (bytes > LIMITS.maxReplyBytes && page.length > 0) break;
    page.push(item);
  }
  return page;
}
