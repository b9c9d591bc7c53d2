/** The load: people who write to each other at an offered rate. The same client for every server. */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from './client.js';
import type { Target } from './targets/target.js';

/** What was sent has so long to arrive before it counts as lost. */
const ARRIVE_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 5;
const WARM_UP_UNDER_WAY = 8;
/** People who connect at the same time. */
const CONNECT_AT_ONCE = 32;

const PADDING = 'lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor';

export interface Offer {
  /** Messages a second, over all people. */
  readonly perSecond: number;
  readonly ms: number;
}

export interface LoadResult {
  readonly sent: number;
  readonly acknowledged: number;
  /** `message.created` frames of these messages that should reach, and reached, a person other than the sender. */
  readonly expected: number;
  readonly delivered: number;
  readonly errors: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

interface Writer {
  readonly client: Client;
  readonly conversation: string;
}

/** The people of one target, connected, each in one conversation. */
export class Load {
  private writers: Writer[] = [];
  private round = 0;
  private latencies: number[] = [];
  private errors = 0;
  private next = 0;

  private constructor(
    private readonly clients: readonly Client[],
    private readonly size: number,
  ) {}

  /** Conversations of `size` people each; person n is on gateway n modulo the gateways, so a pair is on two. */
  static async connect(target: Target, people: readonly string[], size: number): Promise<Load> {
    const clients: Client[] = [];
    const load = new Load(clients, size);
    await connectAll(target, people, {
      onClient: (client, index) => (clients[index] = client),
      onDelivered: (text) => load.delivered(text),
      onError: () => load.errors++,
    });
    for (let n = 0; n < clients.length; n += size) {
      const members = clients.slice(n, n + size);
      const conversation = await target.converse(members);
      load.writers.push(...members.map((client) => ({ client, conversation })));
    }
    return load;
  }

  /** Offers messages, and waits until all of them have arrived or are lost. */
  async offer({ perSecond, ms }: Offer): Promise<LoadResult> {
    this.round++;
    this.latencies = [];
    this.errors = 0;
    let sent = 0;
    let acknowledged = 0;
    const acknowledge = () => void acknowledged++;
    const send = () => {
      sent++;
      this.send().then(acknowledge, () => {});
    };
    const start = performance.now();
    const total = Math.round((ms / 1_000) * perSecond);
    // All of it, however busy the machine: what was late is sent late, and its latency tells.
    while (sent < total) {
      const due = Math.floor(((performance.now() - start) / 1_000) * perSecond) + 1;
      while (sent < Math.min(due, total)) send();
      await wait(1);
    }
    const expected = sent * (this.size - 1);
    const until = performance.now() + ARRIVE_WITHIN_MS;
    while ((this.latencies.length < expected || acknowledged < sent) && performance.now() < until) {
      await wait(LOOK_EVERY_MS);
    }
    const latencies = this.latencies.toSorted((a, b) => a - b);
    const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
    return {
      sent,
      acknowledged,
      expected,
      delivered: latencies.length,
      errors: this.errors,
      latencyMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
    };
  }

  /** As much as the server takes with so many messages under way: its code is compiled in seconds instead of minutes. */
  async warmUp(ms: number): Promise<void> {
    const until = performance.now() + ms;
    const writer = async () => {
      while (performance.now() < until) await this.send();
    };
    await Promise.all(Array.from({ length: WARM_UP_UNDER_WAY }, writer));
  }

  close(): void {
    for (const client of this.clients) client.close();
  }

  private send(): Promise<unknown> {
    const { client, conversation } = this.writers[this.next++ % this.writers.length]!;
    const text = `${this.round} ${performance.now()} ${PADDING}`;
    return client.request('message.send', { conversation, text, clientId: randomUUID() });
  }

  private delivered(text: string): void {
    const [round, sentAt] = text.split(' ', 2);
    if (Number(round) === this.round) this.latencies.push(performance.now() - Number(sentAt));
  }
}

/** Connects and signs in everybody, some at a time. */
export async function connectAll(
  target: Pick<Target, 'gateways' | 'wire' | 'tokens'>,
  people: readonly string[],
  on: {
    readonly onClient: (client: Client, index: number) => void;
    readonly onDelivered?: (text: string) => void;
    readonly onError: (error: Error) => void;
  },
): Promise<void> {
  const next = people.entries();
  const some = async () => {
    for (const [index, id] of next) {
      const client = await Client.connect({
        gateway: target.gateways[index % target.gateways.length]!.url,
        wire: target.wire,
        id,
        token: target.tokens[index]!,
        onDelivered: on.onDelivered ?? (() => {}),
        onError: on.onError,
      });
      on.onClient(client, index);
    }
  };
  await Promise.all(Array.from({ length: CONNECT_AT_ONCE }, some));
}
