/** The load: people in pairs who write to each other at an offered rate. The same client for every server. */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';

export interface LoadOptions {
  /** The WebSocket address. */
  readonly url: string;
  /** One token a person; person 2i and 2i+1 are a pair. */
  readonly tokens: readonly string[];
  /** The ids on the other end of the pairs, in the same order. */
  readonly people: readonly string[];
  /** Messages a second, over all pairs. */
  readonly perSecond: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Called at both ends of the measured time, to read the server's CPU. */
  readonly mark: () => number;
}

export interface LoadResult {
  readonly sent: number;
  /** `message.created` frames that reached the other person within the measured time. */
  readonly delivered: number;
  readonly errors: number;
  /** CPU of the server, µs for each delivered message. */
  readonly cpuUs: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

class Person {
  conversation = '';
  readonly #waiting = new Map<string, (data: never) => void>();
  #frames = 0;

  private constructor(
    readonly id: string,
    readonly socket: WebSocket,
    private readonly meter: Meter,
  ) {}

  static async connect(url: string, token: string, id: string, meter: Meter): Promise<Person> {
    const person = new Person(id, new WebSocket(url, 'drawbridge.v1', { perMessageDeflate: false }), meter);
    const hello = new Promise<void>((resolve, reject) => {
      person.#waiting.set('hello', () => resolve());
      person.socket.once('error', reject);
    });
    person.socket.on('message', (bytes) => person.#frame(JSON.parse(String(bytes))));
    await hello;
    await person.request('session.open', { token, client: { name: 'bench', version: '1' } });
    return person;
  }

  request<T>(event: string, data: object): Promise<T> {
    const id = `c${++this.#frames}`;
    return new Promise<T>((resolve) => {
      this.#waiting.set(id, resolve as (data: never) => void);
      this.socket.send(JSON.stringify({ event, id, data }));
    });
  }

  #frame(frame: { event: string; id?: string; data: { message?: { from: { id: string }; text: string } } }): void {
    if (frame.event === 'message.created') {
      const { from, text } = frame.data.message!;
      if (from.id !== this.id) this.meter.delivered(Number(text.slice(0, text.indexOf(' '))));
      return;
    }
    if (frame.event === 'error') this.meter.errors++;
    const key = frame.id ?? frame.event;
    this.#waiting.get(key)?.(frame.data as never);
    this.#waiting.delete(key);
  }
}

class Meter {
  errors = 0;
  readonly latencies: number[] = [];
  measuring = false;

  delivered(sentAt: number): void {
    if (this.measuring) this.latencies.push(performance.now() - sentAt);
  }
}

const PADDING = 'lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor';

/** Connects everybody, warms up, measures, and disconnects. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const meter = new Meter();
  const people: Person[] = [];
  for (const [index, token] of options.tokens.entries()) {
    people.push(await Person.connect(options.url, token, options.people[index]!, meter));
  }
  for (let index = 0; index < people.length; index += 2) {
    const [left, right] = [people[index]!, people[index + 1]!];
    const { conversation } = await left.request<{ conversation: { id: string } }>('conversation.create', {
      members: [right.id],
      clientId: randomUUID(),
    });
    left.conversation = right.conversation = conversation.id;
  }
  let sent = 0;
  let next = 0;
  const send = () => {
    const person = people[next++ % people.length]!;
    sent++;
    void person.request('message.send', {
      conversation: person.conversation,
      text: `${performance.now()} ${PADDING}`,
      clientId: randomUUID(),
    });
  };
  const offer = async (forMs: number) => {
    const start = performance.now();
    for (let offered = 0; ; ) {
      const elapsed = performance.now() - start;
      if (elapsed >= forMs) return;
      for (const due = (elapsed / 1000) * options.perSecond; offered < due; offered++) send();
      await wait(1);
    }
  };
  await offer(options.warmUpMs);
  sent = 0;
  meter.measuring = true;
  const before = options.mark();
  await offer(options.measureMs);
  const cpu = options.mark() - before;
  meter.measuring = false;
  for (const person of people) person.socket.terminate();
  const latencies = meter.latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return {
    sent,
    delivered: latencies.length,
    errors: meter.errors,
    cpuUs: cpu / latencies.length,
    latencyMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
  };
}
