/// <reference lib="esnext.disposable" preserve="true" />
import type { WireEvents } from '@drawbridge/protocol';
import type { EventFrame } from './connection.js';
import { clientError } from './errors.js';

/** A place in the mailbox: keep it with what you have stored, and go on after it with `events({ after })`. */
export interface Cursor {
  readonly epoch: string;
  readonly after: number;
}

/** Those that the SDK deals with by itself. */
type OwnEvents = 'hello' | 'session.expiring' | 'mailbox.live' | 'going_away';
export type EventName = Exclude<keyof WireEvents, OwnEvents>;

/** Those that always have a place in the mailbox. Receipts have one in direct conversations. */
type DurableName = Extract<EventName, `message.${string}` | `conversation.${string}` | 'mailbox.reset'>;

export type BridgeEvent = {
  [Name in EventName]: { readonly event: Name; readonly data: WireEvents[Name] } & (Name extends DurableName
    ? { readonly cursor: Cursor }
    : { readonly cursor?: Cursor });
}[EventName];

export interface EventsOptions {
  /** Begin after this place, which may lie before what this bridge has seen. Without it: with what comes from now on. */
  readonly after?: Cursor;
  readonly signal?: AbortSignal;
  /**
   * Whether asking for the next event says that the one before is stored, which tells its sender that it was delivered.
   * True by default.
   */
  readonly acknowledge?: boolean;
  /** How many may wait to be read (10,000) before the iterator gives up with `fell_behind`. */
  readonly maxWaiting?: number;
}

const MAX_WAITING = 10_000;

/**
 * Who listens to events, each with a place of its own. A durable event is passed on to whoever has all before it and not
 * itself, so that two connections may bring the same stream, or an old part of it, at the same time.
 */
export class Events {
  readonly #streams = new Set<EventStream>();
  /** Another one with another mailbox: what still waits of the one acknowledges nothing in the other. */
  #mailbox = {};
  /** Of those who listen with `on`. */
  #place: Cursor | undefined;

  constructor(
    private readonly listener: (event: BridgeEvent) => void,
    private readonly acknowledge: (seq: number) => void,
  ) {}

  get place(): Cursor | undefined {
    return this.#place;
  }

  /** From where on something is missing to somebody; undefined while nothing has begun. */
  resumeAt(): Cursor | undefined {
    let first = this.#place;
    for (const { place } of this.#streams) {
      const isBehind = place && (!first || place.epoch !== first.epoch || place.after < first.after);
      if (isBehind) first = place;
    }
    return first;
  }

  /** Whether somebody lacks what came before this place. */
  lacksBefore(place: Cursor): boolean {
    const first = this.resumeAt();
    return first !== undefined && (first.epoch !== place.epoch || first.after < place.after);
  }

  /** Begins here, if nothing has begun yet. */
  begin(place: Cursor): void {
    this.#place ??= place;
    for (const stream of this.#streams) stream.place ??= place;
  }

  durable(frame: EventFrame & { seq: number }, epoch: string): void {
    const event = { ...frame, cursor: { epoch, after: frame.seq } };
    const follows = (place: Cursor | undefined) =>
      place?.epoch === epoch && frame.seq > place.after && (frame.prev ?? 0) <= place.after;
    if (follows(this.#place)) {
      this.#place = event.cursor;
      this.listener(shown(event));
    }
    for (const stream of this.#streams) if (follows(stream.place)) stream.push(shown(event));
  }

  passing(frame: EventFrame): void {
    const event = shown(frame);
    this.listener(event);
    for (const stream of this.#streams) stream.push(event);
  }

  /** Whoever is of another epoch, or behind the new head, goes on there, and is told. */
  reset(frame: EventFrame): void {
    const { epoch, head, reason } = frame.data as WireEvents['mailbox.reset'];
    const event = shown({ ...frame, cursor: { epoch, after: head } });
    const concerns = (place: Cursor | undefined) =>
      place?.epoch !== epoch || place.after < head || (reason === 'ahead' && place.after > head);
    if (concerns(this.#place)) {
      this.#place = event.cursor;
      this.listener(event);
    }
    for (const stream of this.#streams) if (concerns(stream.place)) stream.push(event);
  }

  stream(options: EventsOptions): AsyncIterableIterator<BridgeEvent> & AsyncDisposable {
    const mailbox = this.#mailbox;
    const stream: EventStream = new EventStream(
      options.after ?? this.#place,
      options.maxWaiting ?? MAX_WAITING,
      (seq) => options.acknowledge !== false && mailbox === this.#mailbox && this.acknowledge(seq),
      () => {
        this.#streams.delete(stream);
        signal?.removeEventListener('abort', abort);
      },
    );
    const { signal } = options;
    const abort = () => stream.fail(signal?.reason);
    this.#streams.add(stream);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    return stream;
  }

  /** Whoever signs in next may have another mailbox. */
  forget(): void {
    for (const stream of this.#streams) if (stream.place === this.#place) stream.place = undefined;
    this.#place = undefined;
    this.#mailbox = {};
  }

  /** No more events will come to who reads now: with an error, or just so. */
  end(error?: unknown): void {
    for (const stream of this.#streams) stream.fail(error);
  }
}

/** What the app sees of a frame. */
function shown(frame: EventFrame & { cursor?: Cursor }): BridgeEvent {
  const { event, data, cursor } = frame;
  return (cursor ? { event, data, cursor } : { event, data }) as BridgeEvent;
}

interface Reader {
  readonly resolve: (result: IteratorResult<BridgeEvent, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE = { done: true, value: undefined } as const;

class EventStream implements AsyncIterableIterator<BridgeEvent>, AsyncDisposable {
  readonly #waiting: BridgeEvent[] = [];
  readonly #readers: Reader[] = [];
  #handedOut: BridgeEvent | undefined;
  #ended: { error?: unknown } | undefined;

  constructor(
    public place: Cursor | undefined,
    private readonly maxWaiting: number,
    private readonly acknowledge: (seq: number) => unknown,
    private readonly leave: () => void,
  ) {}

  push(event: BridgeEvent): void {
    if (event.cursor) this.place = event.cursor;
    const reader = this.#readers.shift();
    if (reader) reader.resolve({ done: false, value: this.#handOut(event) });
    else if (this.#waiting.length < this.maxWaiting) this.#waiting.push(event);
    else this.fail(clientError('fell_behind'));
  }

  /** After what waits. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = { error };
    this.leave();
    for (const { resolve, reject } of this.#readers.splice(0)) error === undefined ? resolve(DONE) : reject(error);
  }

  async next(): Promise<IteratorResult<BridgeEvent, undefined>> {
    this.#acknowledgeLast();
    const event = this.#waiting.shift();
    if (event) return { done: false, value: this.#handOut(event) };
    if (this.#ended?.error !== undefined) throw this.#ended.error;
    if (this.#ended) return DONE;
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  /** The loop was left; what was handed out last may not have been stored. */
  async return(): Promise<IteratorResult<BridgeEvent, undefined>> {
    this.#waiting.length = 0;
    this.fail(undefined);
    return DONE;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #handOut(event: BridgeEvent): BridgeEvent {
    this.#handedOut = event;
    return event;
  }

  #acknowledgeLast(): void {
    const { event, cursor } = this.#handedOut ?? {};
    if (cursor && event !== 'mailbox.reset') this.acknowledge(cursor.after);
  }
}
