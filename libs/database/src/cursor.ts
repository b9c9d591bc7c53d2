/** Where a list goes on, opaque to clients. */
export function cursorOf(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

type Part = { string: string; number: number };

/** What `cursorOf` was given, of parts of these types; undefined for anything else. */
export function positionIn<const T extends readonly (keyof Part)[]>(
  cursor: string,
  ...types: T
): { -readonly [N in keyof T]: Part[T[N]] } | undefined {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (!Array.isArray(position) || position.length !== types.length) return undefined;
    // PostgreSQL's text holds no NUL.
    const fits = (part: unknown, n: number) =>
      typeof part === types[n] && !(typeof part === 'string' && part.includes('\0'));
    return position.every(fits) ? (position as never) : undefined;
  } catch {
    return undefined;
  }
}
