import { signal } from '@preact/signals';
import { textOf } from '../parts/text.js';
import type { Entry, Problem, WireFrame } from './entry.js';

export const LOG_LIMITS = {
  /** The oldest go first: 50,000 frames of a kilobyte are what a tab bears well. */
  entries: 50_000,
  /** Of all texts: a frame can have 64 KB, and is kept as text and as what it says. */
  bytes: 256 * 1024 * 1024,
} as const;

/** What is known of one connection, for the problems that only show among its frames. */
interface Seen {
  /** Commands that are not answered yet, by their id. */
  readonly asked: Map<string, { readonly command: string; readonly entry: number; readonly at: number }>;
  lastSeq: number | undefined;
}

type Part = Pick<Entry, 'side' | 'connection'>;

/** Characters of a name, which every row has. */
export const NAME_MAX = 80;
const NOBODY_YET = { left: 'Left', right: 'Right' } as const;
/** Looks at a frame by itself; the schemas of /asyncapi.json do (send/validation). */
export type FrameCheck = (frame: WireFrame, sent: boolean, answered?: string) => readonly Problem[];

/** So many connections of one side may be there at once, and a few more. */
const MAKE_BEFORE_BREAK = 16;
const bytes = new TextEncoder();
/** Milliseconds since 1970, with fractions: the clock of the whole page, so that everything on it can be compared. */
export const now = () => performance.timeOrigin + performance.now();

/**
 * Everything that went over the wire, in the order in which it did, bounded (I9). Whoever draws it reads `version`, which
 * changes once for all frames of a turn of the browser, so that a thousand frames are drawn once.
 */
export class FrameLog {
  /** Oldest first. Read only. */
  entries: Entry[] = [];
  /** Changes when `entries` has changed. */
  readonly version = signal(0);
  check: FrameCheck = () => [];
  #number = 0;
  #bytes = 0;
  #seen = new Map<string, Seen>();
  /** Of the newest connection of each side: one object for all its entries. */
  #whose = new Map<string, { name: string }>();
  /** Who was signed in last on each side, until they left. */
  #sits: Partial<Record<Entry['side'], string>> = {};
  #isTelling = false;
  readonly #listeners = new Set<(entry: Entry) => void>();

  /** Calls back for each entry, at once, until the function that is returned is called. */
  on(listener: (entry: Entry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  sent(part: Part, text: string): Entry {
    const at = now();
    const { frame, problems } = read(text);
    const number = this.#number + 1;
    if (frame?.id !== undefined) this.#of(part).asked.set(frame.id, { command: frame.event, entry: number, at });
    const found = frame ? [...problems, ...this.#checked(frame, true)] : problems;
    return this.#add({ ...part, at, kind: 'sent', event: frame?.event ?? 'not a frame', text, frame, problems: found });
  }

  received(part: Part, text: string): Entry {
    const at = now();
    const { frame, problems } = read(text);
    const found = [...problems];
    const seen = this.#of(part);
    let answers: Entry['answers'];
    if (frame?.id !== undefined) {
      const asked = seen.asked.get(frame.id);
      seen.asked.delete(frame.id);
      if (asked) answers = { command: asked.command, entry: asked.entry, ms: at - asked.at };
      else found.push({ code: 'unknown_reply', message: `Nothing is waiting for an answer to ${frame.id}.` });
    }
    if (answers?.command === 'session.open' && frame?.event === 'ok') this.#knows(part, frame.data);
    if (frame) found.push(...orderOf(frame, seen), ...this.#checked(frame, false, answers?.command));
    const event = frame?.event ?? 'not a frame';
    return this.#add({ ...part, at, kind: 'received', event, text, frame, answers, problems: found });
  }

  opened(part: Part, text: string): Entry {
    return this.#add({ ...part, at: now(), kind: 'opened', event: 'open', text, problems: [] });
  }

  closed(part: Part, close: NonNullable<Entry['close']>): Entry {
    this.#seen.delete(key(part));
    const text = close.reason ? `${close.code} ${close.reason}` : String(close.code);
    return this.#add({ ...part, at: now(), kind: 'closed', event: 'close', text, close, problems: [] });
  }

  /** What is no frame: a state of the SDK, or what the tester did. */
  told(part: Part, kind: 'state' | 'note', event: string, text: string): Entry {
    return this.#add({ ...part, at: now(), kind, event, text, problems: [] });
  }

  /** Nobody is signed in there any more: whoever comes next is not yet known. */
  vacate(side: Entry['side']): void {
    delete this.#sits[side];
  }

  clear(): void {
    this.entries = [];
    this.#bytes = 0;
    this.#tell();
  }

  /** A frame that cannot be checked is one that arrived all the same: whoever waits for it is told. */
  #checked(...frame: Parameters<FrameCheck>): readonly Problem[] {
    try {
      return this.check(...frame);
    } catch (error) {
      return [{ code: 'schema', message: `It could not be checked: ${(error as Error).message}` }];
    }
  }

  #of(part: Part): Seen {
    let seen = this.#seen.get(key(part));
    if (!seen) {
      seen = { asked: new Map(), lastSeq: undefined };
      this.#seen.set(key(part), seen);
    }
    return seen;
  }

  #keep(count: number): void {
    this.entries = this.entries.slice(-count);
    this.#bytes = this.entries.reduce((sum, { size }) => sum + size, 0);
  }

  #whoseIs({ side, connection }: Part): { name: string } {
    const place = `${side} ${connection}`;
    let whose = this.#whose.get(place);
    if (!whose) {
      whose = { name: this.#sits[side] ?? NOBODY_YET[side] };
      this.#whose.delete(`${side} ${connection - MAKE_BEFORE_BREAK}`);
      this.#whose.set(place, whose);
    }
    return whose;
  }

  #knows(part: Part, data: unknown): void {
    const { person } = (data ?? {}) as { person?: { id?: unknown; name?: unknown } };
    const name = textOf(person?.name ?? person?.id, NAME_MAX) || NOBODY_YET[part.side];
    this.#whoseIs(part).name = name;
    this.#sits[part.side] = name;
  }

  #add({ frame, answers, ...rest }: Omit<Entry, 'number' | 'size' | 'whose'>): Entry {
    const entry: Entry = {
      ...rest,
      ...(frame ? { frame } : {}),
      ...(answers ? { answers } : {}),
      whose: this.#whoseIs(rest),
      number: ++this.#number,
      size: bytes.encode(rest.text).length,
    };
    this.entries.push(entry);
    this.#bytes += entry.size;
    // In one go and not one by one: moving 50,000 places for each frame would be felt.
    if (this.entries.length > LOG_LIMITS.entries * 1.1) this.#keep(LOG_LIMITS.entries);
    while (this.#bytes > LOG_LIMITS.bytes && this.entries.length > 1) this.#keep(Math.ceil(this.entries.length / 2));
    for (const listener of this.#listeners) listener(entry);
    this.#tell();
    return entry;
  }

  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    // A hidden tab draws nothing, and would not tell tests either if it waited for a frame of the screen.
    setTimeout(() => {
      this.#isTelling = false;
      this.version.value++;
    }, 16);
  }
}

const key = ({ side, connection }: Part) => `${side} ${connection}`;

function read(text: string): { frame?: WireFrame; problems: readonly Problem[] } {
  try {
    const frame = JSON.parse(text) as WireFrame | null;
    if (typeof frame === 'object' && typeof frame?.event === 'string') return { frame, problems: [] };
    return {
      problems: [{ code: 'not_a_frame', message: 'A frame is a JSON object with an `event`, which is a string.' }],
    };
  } catch {
    return { problems: [{ code: 'not_json', message: 'This is not JSON.' }] };
  }
}

/** I4: `prev` is the `seq` of the durable event before it on this connection. */
function orderOf({ event, seq, prev, data }: WireFrame, seen: Seen): readonly Problem[] {
  // Where the mailbox begins anew, and where it begins on this connection.
  if (event === 'mailbox.reset') seen.lastSeq = (data as { head?: number } | undefined)?.head;
  if (seq === undefined) return [];
  const last = seen.lastSeq;
  seen.lastSeq = seq;
  if (last === undefined) return [];
  if (seq <= last) return [{ code: 'out_of_order', message: `seq ${seq} came after ${last}.` }];
  if (prev === last) return [];
  return [{ code: 'gap', message: `prev is ${prev}, but the event before it was ${last}.` }];
}
