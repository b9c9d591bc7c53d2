/** RFC 6455 section 5.2: FIN and the opcode. */
const TEXT = 0x81;
const PONG = 0x8a;
const PING = 0x89;
const LONGEST_HEAD = 10;

/** WebSocket frames of one write, joined. One buffer serves all connections, since a write is put together in one step. */
export class FrameBytes {
  private bytes: Buffer;
  private end = 0;
  /** Text frames put together so far: of mailboxes' events, and all others. */
  readonly put = { event: 0, other: 0 };

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.end;
  }

  text(payload: string): void {
    const length = Buffer.byteLength(payload);
    this.put.other += 1;
    this.head(TEXT, length);
    this.bytes.write(payload, this.end);
    this.end += length;
  }

  /** A text frame of an ASCII beginning, bytes that many connections share, and an ASCII end. */
  shared(beginning: string, payload: Buffer, end: string): void {
    this.put.event += 1;
    this.head(TEXT, beginning.length + payload.length + end.length);
    this.end += this.bytes.write(beginning, this.end, 'latin1');
    this.end += payload.copy(this.bytes, this.end);
    this.end += this.bytes.write(end, this.end, 'latin1');
  }

  ping(): void {
    this.head(PING, 0);
  }

  pong(payload: Buffer): void {
    this.head(PONG, payload.length);
    this.end += payload.copy(this.bytes, this.end);
  }

  /** What was put together, as bytes of its own. */
  take(): Buffer {
    const taken = Buffer.allocUnsafe(this.end);
    this.bytes.copy(taken, 0, 0, this.end);
    this.end = 0;
    return taken;
  }

  /** Forgets what was put together. */
  clear(): void {
    this.end = 0;
  }

  private head(first: number, length: number): void {
    this.makeRoom(LONGEST_HEAD + length);
    const { bytes } = this;
    bytes[this.end++] = first;
    if (length < 126) {
      bytes[this.end++] = length;
    } else if (length < 65_536) {
      bytes[this.end++] = 126;
      this.end = bytes.writeUInt16BE(length, this.end);
    } else {
      bytes[this.end++] = 127;
      this.end = bytes.writeUInt32BE(0, this.end);
      this.end = bytes.writeUInt32BE(length, this.end);
    }
  }

  private makeRoom(more: number): void {
    if (this.end + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.end + more));
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
  }
}
