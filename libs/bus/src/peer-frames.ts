import type { ByteReader, ByteWriter } from './byte-stream.js';

/** What one process says to another. */
export const FRAME = {
  /** News for keys that the receiver holds. */
  hint: 1,
  /** Keys that the sender holds from now on, and keys that it holds no more. */
  delta: 2,
  /** All keys that the sender holds. */
  snapshot: 3,
  /** The receiver's snapshot is wanted. */
  ask: 4,
  /** The number of the last frame, and how far the receiver's own stream has come. */
  beat: 5,
  /** The last frame. */
  leave: 6,
} as const;

export const VERSION = 1;

export interface FrameHead {
  readonly kind: number;
  readonly from: string;
  /** Counts up in the sender each time that its numbering for some receiver begins anew. */
  readonly stream: number;
  readonly number: number;
}

export function frameHead(writer: ByteWriter, { kind, from, stream, number }: FrameHead): void {
  writer.byte(VERSION);
  writer.byte(kind);
  writer.text(from);
  writer.varint(stream);
  writer.varint(number);
}

/** RangeError for what another version of this program wrote. */
export function readFrameHead(reader: ByteReader): FrameHead {
  if (reader.byte() !== VERSION) throw new RangeError('A frame of another version.');
  return { kind: reader.byte(), from: reader.text(), stream: reader.varint(), number: reader.varint() };
}

/** Sorted, each as the distance to the one before: close together, a key takes a byte or two. */
export function writeKeys(writer: ByteWriter, keys: ReadonlySet<number>): void {
  const sorted = Float64Array.from(keys).sort();
  writer.varint(sorted.length);
  let before = 0;
  for (const key of sorted) {
    writer.varint(key - before);
    before = key;
  }
}

/** RangeError where there are fewer than it says, before the first one is read. */
export function readKeys(reader: ByteReader): number[] {
  const count = reader.varint();
  // Each takes a byte at least.
  if (count > reader.left) throw new RangeError('There are fewer keys than it says.');
  const keys: number[] = [];
  let key = 0;
  for (let left = count; left > 0; left--) {
    key += reader.varint();
    keys.push(key);
  }
  return keys;
}
