/** A text that is no JSON, and where it stops being some. */
export class NotJson extends Error {
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

/**
 * Reads JSON and remembers on which line each value begins, by its JSON Pointer, so that what is wrong with one can be
 * shown where it is written. `JSON.parse` decides what is JSON; this only walks over what it accepted.
 */
export function readWithPlaces(text: string): { readonly value: unknown; lineOf(path: string): number } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new NotJson((error as Error).message, lineOfFailure(text));
  }
  let lines: ReadonlyMap<string, number> | undefined;
  return {
    value,
    lineOf(path) {
      lines ??= linesOf(text);
      // What is missing is shown where it belongs.
      for (let place = path; place !== ''; place = place.slice(0, place.lastIndexOf('/'))) {
        const line = lines.get(place);
        if (line !== undefined) return line;
      }
      return 1;
    },
  };
}

/** What comes next in JSON (RFC 8259), one token after the other; sticky, so that nothing is passed over. */
const NEXT = {
  space: /[ \t\r\n]*/y,
  key: /"(?:[^"\\\n\r\t]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y,
  scalar:
    /"(?:[^"\\\n\r\t]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y,
} as const;

/** The line of the first token that may not be where it is: not every browser's message says so. */
function lineOfFailure(text: string): number {
  let at = 0;
  const take = (what: RegExp | string): boolean => {
    NEXT.space.lastIndex = at;
    at += NEXT.space.exec(text)![0].length;
    if (typeof what === 'string') {
      if (!text.startsWith(what, at)) return false;
      at += what.length;
      return true;
    }
    what.lastIndex = at;
    const found = what.exec(text);
    at += found?.[0].length ?? 0;
    return found !== null;
  };
  /** What ends the objects and lists around. */
  const ends: string[] = [];
  // No recursion: a text may be nested more deeply than the stack is.
  const isValue = (): boolean => {
    for (;;) {
      if (take('{')) {
        if (take('}')) return true;
        ends.push('}');
        if (!take(NEXT.key) || !take(':')) return false;
      } else if (take('[')) {
        if (take(']')) return true;
        ends.push(']');
      } else return take(NEXT.scalar);
    }
  };
  let isGood = isValue();
  while (isGood && ends.length > 0) {
    if (take(ends.at(-1)!)) ends.pop();
    else isGood = take(',') && (ends.at(-1) === ']' || (take(NEXT.key) && take(':'))) && isValue();
  }
  take('');
  return text.slice(0, at).split('\n').length;
}

/** What is nested more deeply has the line of what it is in: all its pointers would be as long as the text is deep. */
const MAX_DEPTH = 32;
/** A text in quotes, a number or word, a sign, or a new line. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[-+.\w]+|[{}[\],:\n]/g;

function linesOf(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  /** Of the objects and lists around: the key or index that is being read, and whether a key comes next. */
  const around: { key: string | number; isKeyNext: boolean }[] = [];
  let line = 1;
  for (const [token] of text.matchAll(TOKENS)) {
    const inner = around.at(-1);
    if (token === '\n') line++;
    else if (token === '}' || token === ']') around.pop();
    else if (token === ',' && inner) {
      if (typeof inner.key === 'number') inner.key++;
      else inner.isKeyNext = true;
    } else if (token === ':') {
      if (inner) inner.isKeyNext = false;
    } else if (inner?.isKeyNext) {
      inner.key = String(JSON.parse(token)).replaceAll('~', '~0').replaceAll('/', '~1');
    } else {
      if (around.length <= MAX_DEPTH) lines.set(around.map(({ key }) => `/${key}`).join(''), line);
      if (token === '{') around.push({ key: '', isKeyNext: true });
      else if (token === '[') around.push({ key: 0, isKeyNext: false });
    }
  }
  return lines;
}
