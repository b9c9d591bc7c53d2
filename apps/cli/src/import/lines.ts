import { open } from 'node:fs/promises';

/** A line of a file; `end` is where the next one begins. */
export interface Line {
  readonly number: number;
  /** Undefined: longer than anything that can be imported. */
  readonly text: string | undefined;
  readonly end: number;
}

const CHUNK_BYTES = 1_048_576;
/** The longest message there is takes a third of this, with every character escaped. */
export const MAX_LINE_BYTES = 262_144;
const NEWLINE = 0x0a;

/** The lines of a file from a byte on, in little memory, however large it is. */
export async function* linesOf(file: string, from: { offset: number; line: number }): AsyncGenerator<Line> {
  const handle = await open(file, 'r');
  let { offset: position, line: number } = from;
  let rest: Buffer = Buffer.alloc(0);
  let tooLong = false;
  const line = (bytes: Buffer, end: number): Line => {
    const text = tooLong || bytes.length > MAX_LINE_BYTES ? undefined : bytes.toString();
    tooLong = false;
    return { number: ++number, text, end };
  };
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, position);
      position += bytesRead;
      rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      let begin = 0;
      for (let at = rest.indexOf(NEWLINE); at >= 0; at = rest.indexOf(NEWLINE, begin)) {
        yield line(rest.subarray(begin, at), position - rest.length + at + 1);
        begin = at + 1;
      }
      rest = rest.subarray(begin);
      if (bytesRead === 0) {
        if (rest.length > 0 || tooLong) yield line(rest, position);
        return;
      }
      if (rest.length <= MAX_LINE_BYTES) continue;
      tooLong = true;
      rest = Buffer.alloc(0);
    }
  } finally {
    await handle.close();
  }
}
