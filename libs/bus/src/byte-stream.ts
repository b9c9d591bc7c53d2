/** Whole numbers from 0 to 2^53 - 1 in 1 to 8 bytes: seven bits a byte, the lowest first; the top bit says that more follow. */
const MORE = 0x80;
const SEVEN_BITS = 0x7f;
const TWO_TO_28 = 2 ** 28;

/** Bytes that grow while they are written. */
export class ByteWriter {
  private bytes: Buffer;
  private end = 0;

  constructor(capacity = 256) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.end;
  }

  byte(value: number): void {
    this.makeRoom(1);
    this.bytes[this.end++] = value;
  }

  varint(value: number): void {
    this.makeRoom(8);
    const { bytes } = this;
    let rest = value;
    // Bit operations are for 32 bits; larger numbers are divided.
    while (rest >= TWO_TO_28) {
      bytes[this.end++] = (rest % 128) | MORE;
      rest = Math.floor(rest / 128);
    }
    while (rest > SEVEN_BITS) {
      bytes[this.end++] = (rest & SEVEN_BITS) | MORE;
      rest >>>= 7;
    }
    bytes[this.end++] = rest;
  }

  /** With its length before it. */
  block(block: Uint8Array): void {
    this.varint(block.length);
    this.raw(block);
  }

  /** UTF-8, with its length before it. */
  text(text: string): void {
    const length = Buffer.byteLength(text);
    this.varint(length);
    this.makeRoom(length);
    this.end += this.bytes.write(text, this.end);
  }

  raw(block: Uint8Array): void {
    this.makeRoom(block.length);
    this.bytes.set(block, this.end);
    this.end += block.length;
  }

  /** What was written; the writer must not be used again. */
  take(): Buffer {
    return this.bytes.subarray(0, this.end);
  }

  private makeRoom(more: number): void {
    if (this.end + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.end + more));
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
  }
}

/** Reads what a ByteWriter wrote. RangeError where the bytes end too early. */
export class ByteReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get atEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  /** How many bytes were not read yet. */
  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new RangeError('The bytes end too early.');
    return value;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & SEVEN_BITS) * scale;
      if (byte < MORE) return value;
      if (scale > 2 ** 49) throw new RangeError('A number is too large.');
    }
  }

  /** A view of the bytes, not a copy. */
  block(): Buffer {
    const length = this.varint();
    const end = this.at + length;
    if (end > this.bytes.length) throw new RangeError('The bytes end too early.');
    const block = this.bytes.subarray(this.at, end);
    this.at = end;
    return block;
  }

  text(): string {
    return this.block().toString('utf8');
  }

  /** A view of all that was not read yet. */
  rest(): Buffer {
    const rest = this.bytes.subarray(this.at);
    this.at = this.bytes.length;
    return rest;
  }
}
