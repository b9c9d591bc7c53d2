import type { Socket } from 'node:net';
import { LIMITS } from '@drawbridge/protocol';
import { FrameBytes } from './frame-bytes.js';

/** Frames are joined into writes of about this size. */
const WRITE_BYTES = 65_536;

/** A frame that waits for its connection. */
export interface WaitingFrame {
  /** What it counts for while it waits; asked for only when it has to. */
  size(): number;
  /**
   * I1: asks whether it may go and, if so, puts itself into the write that is handed to the socket in this very step.
   * What may not go puts in its error, or nothing.
   */
  writeTo(bytes: FrameBytes): void;
}

/** The connections that have something to write in this turn of the event loop. */
let dirty: Outbound[] = [];
const scratch = new FrameBytes(4 * WRITE_BYTES);

/** Text frames that this process has written to its connections. */
export function framesWritten(): { readonly event: number; readonly other: number } {
  return scratch.put;
}

function flushDirty(): void {
  const turn = dirty;
  dirty = [];
  for (const outbound of turn) outbound.flushTurn();
}

/**
 * What waits for one connection. It waits here, as values, and not in the socket, where an end of consent could not
 * take it back: one write is handed over at a time, the next when the socket holds nothing. What gathers in one turn of
 * the event loop leaves in one write.
 */
export class Outbound {
  private queue: WaitingFrame[] = [];
  private head = 0;
  /** Frames from here on have not been measured: most are written before that is needed. */
  private unmeasured = 0;
  private measuredBytes = 0;
  private scheduled = false;
  private closed = false;
  private pongWaiting: Buffer | undefined;
  private pingWaiting = false;
  private emptied: (() => void)[] = [];

  constructor(
    private readonly socket: Socket,
    /** False from the first close frame on, whoever sent it: nothing may follow it (RFC 6455 section 5.5.1). */
    private readonly isOpen: () => boolean,
    /** More than `maxQueuedBytes` wait (I9). */
    private readonly overflowed: () => void,
    /** A frame could not be put together: a fault of the bridge, and of this connection alone. */
    private readonly failed: (error: unknown) => void,
  ) {}

  push(frame: WaitingFrame): void {
    if (this.closed) return;
    this.queue.push(frame);
    if (this.socket.writableLength > 0) this.measure();
    else this.schedule();
  }

  /** At most one pong waits: a later ping's takes its place (RFC 6455 section 5.5.3). */
  pong(payload: Buffer): void {
    this.pongWaiting = payload;
    this.schedule();
  }

  ping(): void {
    this.pingWaiting = true;
    this.schedule();
  }

  /** Bytes that wait behind a write the socket has not finished; 0 while it keeps up. */
  get waitingBytes(): number {
    return this.measuredBytes;
  }

  get isEmpty(): boolean {
    return this.head === this.queue.length && this.socket.writableLength === 0;
  }

  /** Resolves when nothing waits any more, or the connection is closed. */
  whenEmpty(): Promise<void> {
    return this.closed || this.isEmpty ? Promise.resolve() : this.nextEmpty();
  }

  /** Resolves when something was written and then nothing waits any more, or the connection is closed. */
  nextEmpty(): Promise<void> {
    return new Promise((resolve) => this.emptied.push(resolve));
  }

  /** Drops what waits; nothing is written from here on. */
  close(): void {
    this.closed = true;
    this.queue = [];
    this.head = this.unmeasured = this.measuredBytes = 0;
    this.pongWaiting = undefined;
    this.pingWaiting = false;
    this.announceEmpty();
  }

  /** Writes what waits as long as the socket takes it. */
  flush(): void {
    if (!this.closed && !this.isOpen()) {
      this.close();
      return;
    }
    while (!this.closed && this.socket.writableLength === 0) {
      if (this.pingWaiting) scratch.ping();
      if (this.pongWaiting) scratch.pong(this.pongWaiting);
      this.pingWaiting = false;
      this.pongWaiting = undefined;
      try {
        while (this.head < this.queue.length && scratch.length < WRITE_BYTES) this.shift().writeTo(scratch);
      } catch (error) {
        // The buffer is everybody's: half a frame left in it would reach the next connection.
        scratch.clear();
        this.failed(error);
        return;
      }
      if (scratch.length === 0) break;
      this.socket.write(scratch.take(), this.written);
    }
    if (this.head === this.queue.length) this.announceEmpty();
    else this.measure();
  }

  /** @internal For the common flush at the end of a turn. */
  flushTurn(): void {
    this.scheduled = false;
    this.flush();
  }

  private readonly written = (): void => {
    if (!this.closed && (this.head < this.queue.length || this.emptied.length > 0)) this.flush();
  };

  private schedule(): void {
    if (this.scheduled || this.closed) return;
    this.scheduled = true;
    if (dirty.push(this) === 1) setImmediate(flushDirty);
  }

  private shift(): WaitingFrame {
    const frame = this.queue[this.head]!;
    if (this.head < this.unmeasured) this.measuredBytes -= frame.size();
    this.head += 1;
    if (this.head === this.queue.length) {
      this.queue.length = 0;
      this.head = this.unmeasured = this.measuredBytes = 0;
    } else if (this.head === 1_024) {
      this.queue.splice(0, this.head);
      this.unmeasured = Math.max(0, this.unmeasured - this.head);
      this.head = 0;
    }
    return frame;
  }

  private measure(): void {
    if (this.unmeasured < this.head) this.unmeasured = this.head;
    while (this.unmeasured < this.queue.length) this.measuredBytes += this.queue[this.unmeasured++]!.size();
    if (this.measuredBytes > LIMITS.maxQueuedBytes) this.overflowed();
  }

  private announceEmpty(): void {
    if (this.emptied.length === 0 || (!this.closed && this.socket.writableLength > 0)) return;
    const waiting = this.emptied;
    this.emptied = [];
    for (const resolve of waiting) resolve();
  }
}
