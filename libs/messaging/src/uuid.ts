import { randomUUID } from 'node:crypto';

/** A time-ordered id (RFC 9562, version 7): 48 bits of milliseconds, then the random bits of a version 4 id. */
export function uuidv7(nowMs = Date.now()): string {
  const time = nowMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
