import type { Entry, Side } from '../wire/entry.js';
import type { FrameLog } from '../wire/frame-log.js';

export const LATENCY_LIMITS = {
  /** Of each series; the oldest go first. */
  samples: 5_000,
  /** Messages that only one end was seen of, yet. */
  underWay: 2_000,
} as const;

/** One time that something took. */
export interface Sample {
  /** When it was over, in milliseconds since 1970. */
  readonly at: number;
  readonly ms: number;
  /** Of a round trip: the command; of a delivery: the message. */
  readonly of: string;
}

/** A person's round trips, and how long messages take from them to the other one. */
export const MEASURES = ['roundTrip', 'delivery'] as const;
export type Measure = (typeof MEASURES)[number];

/** One end of a message on its way: who sent it when, or who got it when. */
interface End {
  readonly side: Side;
  readonly at: number;
}

/**
 * How long things take, read off the wire: at the sockets, before whatever the tester's delay adds. A round trip is from
 * a command to its reply. A delivery is from when one person's message first left to when the other person's connection
 * had it as `message.created`, with whatever lay between: a time offline counts.
 */
export class Latencies {
  readonly samples: Readonly<Record<Side, Record<Measure, Sample[]>>> = {
    left: { roundTrip: [], delivery: [] },
    right: { roundTrip: [], delivery: [] },
  };
  /** When a message first left, by its `clientId`: a repeat is the same message (I5). */
  readonly #left = new Map<string, number>();
  /** The `clientId` of a command that is not answered yet, by its entry. */
  readonly #asked = new Map<number, string>();
  /** By the message. */
  readonly #sent = new Map<string, End>();
  readonly #arrived = new Map<string, End>();

  constructor(log: Pick<FrameLog, 'on'>) {
    log.on((entry) => this.#heard(entry));
  }

  clear(): void {
    for (const of of Object.values(this.samples)) for (const measure of MEASURES) of[measure] = [];
  }

  #heard(entry: Entry): void {
    const { kind, event, side, at, answers, frame } = entry;
    const data = (frame?.data ?? {}) as { readonly clientId?: unknown; readonly message?: { readonly id?: unknown } };
    if (kind === 'sent' && event === 'message.send' && typeof data.clientId === 'string') {
      if (!this.#left.has(data.clientId)) keep(this.#left, data.clientId, at);
      keep(this.#asked, entry.number, data.clientId);
    }
    if (kind !== 'received') return;
    const message = data.message?.id;
    if (answers) this.#add(side, 'roundTrip', { at, ms: answers.ms, of: answers.command });
    if (answers?.command === 'message.send') {
      const clientId = this.#asked.get(answers.entry);
      this.#asked.delete(answers.entry);
      const left = clientId === undefined ? undefined : this.#left.get(clientId);
      if (event === 'ok' && typeof message === 'string' && left !== undefined && !this.#sent.has(message)) {
        keep(this.#sent, message, { side, at: left });
        this.#match(message);
      }
    }
    // The sender's own connection hears of it too; only the other end is a delivery.
    if (event === 'message.created' && typeof message === 'string') {
      if (data.clientId !== undefined || this.#arrived.has(message)) return;
      keep(this.#arrived, message, { side, at });
      this.#match(message);
    }
  }

  #match(message: string): void {
    const sent = this.#sent.get(message);
    const arrived = this.#arrived.get(message);
    if (!sent || !arrived || sent.side === arrived.side) return;
    this.#add(sent.side, 'delivery', { at: arrived.at, ms: arrived.at - sent.at, of: message });
  }

  #add(side: Side, measure: Measure, sample: Sample): void {
    const of = this.samples[side];
    of[measure].push(sample);
    // In one go and not one by one.
    if (of[measure].length > LATENCY_LIMITS.samples * 1.1) of[measure] = of[measure].slice(-LATENCY_LIMITS.samples);
  }
}

/** Forgets the oldest beyond the bound; a Map knows the order (I9). */
function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= LATENCY_LIMITS.underWay) return;
    map.delete(oldest);
  }
}
