import { isEmoji, isHttpsUrl, LIMITS } from '@drawbridge/protocol';
import { invalid } from './errors.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The id as PostgreSQL writes it, or undefined for what cannot be one of the bridge's ids. */
export function bridgeId(id: string): string | undefined {
  return UUID.test(id) ? id.toLowerCase() : undefined;
}

const PERSON_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Whether it can be a person's public id. */
export function isPersonId(id: string): boolean {
  return PERSON_ID.test(id);
}

/** MessagingError `invalid_data` unless it is a UUID. Its letters stay as the client wrote them, and count for nothing. */
export function checkClientId(clientId: string): void {
  if (!UUID.test(clientId)) throw invalid('clientId', 'is not a UUID');
}

/** Text is kept byte for byte, so what cannot be kept is refused, not mended: lone surrogates and NUL. */
export function checkText(text: string): void {
  checkWords('text', text, LIMITS.maxTextCodePoints);
}

/** A film, a record, a dish: in its app's own words. */
export interface Title {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  /** https. */
  readonly url: string;
}

/** MessagingError `invalid_data` for what cannot be recommended. */
export function checkRecommended(title: Title, note: string | undefined): void {
  checkWords('title.kind', title.kind, LIMITS.maxKindCodePoints);
  checkWords('title.id', title.id, LIMITS.maxObjectIdCodePoints);
  checkWords('title.name', title.name, LIMITS.maxNameCodePoints);
  if (!isHttpsUrl(title.url)) throw invalid('title.url', 'is not an https address');
  if (note !== undefined) checkWords('note', note, LIMITS.maxNoteCodePoints);
}

export function checkTitle(title: string): void {
  checkWords('title', title, LIMITS.maxTitleCodePoints);
}

/** MessagingError `invalid_data` unless it is one emoji, as Unicode lists them for general interchange (UTS 51). */
export function checkEmoji(emoji: string): void {
  if (!isEmoji(emoji)) throw invalid('emoji', 'is not one emoji');
}

function checkWords(path: string, words: string, maxCodePoints: number): void {
  if (words === '') throw invalid(path, 'is empty');
  if (words.length > maxCodePoints && (words.length > 2 * maxCodePoints || codePoints(words) > maxCodePoints))
    throw invalid(path, `is longer than ${maxCodePoints} code points`);
  if (!words.isWellFormed()) throw invalid(path, 'has a lone surrogate');
  if (words.includes('\0')) throw invalid(path, 'has a NUL character');
}

function codePoints(words: string): number {
  let count = 0;
  for (const _ of words) count++;
  return count;
}
