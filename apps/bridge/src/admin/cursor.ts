import { invalid } from './admin-error.js';

/** Where a list goes on, opaque to clients. */
export function cursorOf(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** AdminError `invalid_data` for what is none of `cursorOf` with parts of these types. */
export function positionOf(cursor: string, ...types: ('string' | 'number')[]): unknown[] {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const fits = (list: unknown): list is unknown[] =>
      // PostgreSQL's text holds no NUL.
      Array.isArray(list) && list.length === types.length && list.every((part, n) => typeof part === types[n]);
    if (fits(position) && !JSON.stringify(position).includes('\\u0000')) return position;
  } catch {
    // Said below.
  }
  throw unknownCursor();
}

export function unknownCursor() {
  return invalid({ path: 'cursor', problem: 'is not one that the bridge gave' });
}
