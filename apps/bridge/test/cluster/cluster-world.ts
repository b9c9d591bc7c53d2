import { randomUUID } from 'node:crypto';
import { Database } from '@drawbridge/database';
import {
  BridgeClient,
  type Cluster,
  type ClusterOptions,
  type ReceivedFrame,
  revoke,
  signIn,
  startCluster,
  type Tokens,
  UNLIMITED_RATES,
} from '@drawbridge/testing';
import { decodeJwt } from 'jose';
import { sql } from 'kysely';

const app = { password: 'drawbridge', clientId: 'tunebox-desktop', scopes: 'all' } as const;
const RECEIPT_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 10;

/** A finished receipt, as it is stored. */
export interface StoredReceipt {
  readonly number: number;
  readonly reason: string;
  readonly requestedAt: Date;
  readonly effectiveAt: Date;
  readonly closed: number;
  readonly gateways: { readonly id: string; readonly confirmed: string; readonly lastSeq?: number }[];
}

/** Several gateways, people on them, and a look into their database. */
export class ClusterWorld implements AsyncDisposable {
  private constructor(
    readonly cluster: Cluster,
    readonly database: Database,
  ) {}

  static async start({ env: more, ...options }: ClusterOptions = {}): Promise<ClusterWorld> {
    const env = (n: number) => ({ ...UNLIMITED_RATES, ...(typeof more === 'function' ? more(n) : more) });
    const cluster = await startCluster({ gateways: 3, ...options, env });
    return new ClusterWorld(cluster, await Database.open({ url: cluster.databaseUrl, dataDir: '' }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database.close();
    await this.cluster[Symbol.asyncDispose]();
  }

  signIn(login: string): Promise<Tokens> {
    return signIn(this.cluster, { login, ...app });
  }

  /** A connection on gateway n, 0 and up, with an open session. */
  async connect(n: number, tokens: Tokens): Promise<BridgeClient> {
    const client = await this.unopened(n);
    await client.open(tokens);
    return client;
  }

  unopened(n: number): Promise<BridgeClient> {
    return BridgeClient.connect(this.cluster.bridges[n]!.ownUrl);
  }

  /** RFC 7009, asked of authority n, or of any. */
  async revoke(tokens: Tokens, n?: number): Promise<void> {
    const authority = n === undefined ? this.cluster : { publicUrl: this.cluster.bridges[n]!.ownUrl };
    expect(await revoke(authority, tokens)).toBe(200);
  }

  /** The receipt of the end of this grant, when it is finished. */
  async receipt(tokens: Tokens): Promise<StoredReceipt> {
    const until = performance.now() + RECEIPT_WITHIN_MS;
    while (performance.now() < until) {
      const { rows } = await sql<StoredReceipt>`
        select number, reason, requested_at as "requestedAt", effective_at as "effectiveAt",
          connections_closed as closed, gateways
        from consent_receipt where grant_id = ${grantOf(tokens)}::uuid and effective_at is not null`.execute(
        this.database.tables(),
      );
      if (rows[0]) return rows[0];
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    throw new Error(`The receipt is not finished after ${RECEIPT_WITHIN_MS} ms.`);
  }

  /** What gateway n tells on /metrics. */
  async figures(n: number): Promise<(name: string) => number> {
    const text = await (await fetch(`${this.cluster.bridges[n]!.internalUrl}/metrics`)).text();
    return (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }
}

export function grantOf(tokens: Tokens): string {
  return String(decodeJwt(tokens.accessToken).grant_id);
}

export function tookMs(receipt: StoredReceipt): number {
  return receipt.effectiveAt.getTime() - receipt.requestedAt.getTime();
}

export async function directTo(client: BridgeClient, person: string): Promise<string> {
  const made = await client.request<{ conversation: { id: string } }>('conversation.create', {
    members: [person],
    clientId: randomUUID(),
  });
  return made.conversation.id;
}

/** Sends a text that nobody else has sent; resolves to it when it is stored. */
export async function sendNews(client: BridgeClient, conversation: string): Promise<string> {
  const text = `news ${randomUUID()}`;
  await client.request('message.send', { conversation, text, clientId: randomUUID() });
  return text;
}

export function textOf({ event, data }: ReceivedFrame): string | undefined {
  return event === 'message.created' ? (data.message as { text: string }).text : undefined;
}

export function gets(client: BridgeClient, text: string): Promise<ReceivedFrame> {
  return client.waitFor((frame) => textOf(frame) === text);
}

/** Sends without a pause, so many at a time on each connection, until it is stopped. */
export class Flood {
  sent = 0;
  readonly #since = performance.now();
  #over = false;
  readonly #workers: Promise<void>[];

  constructor(senders: readonly { client: BridgeClient; conversation: string }[], atATime: number) {
    this.#workers = senders.flatMap(({ client, conversation }) =>
      Array.from({ length: atATime }, async () => {
        while (!this.#over) {
          await client.request('message.send', { conversation, text: `flood ${this.sent}`, clientId: randomUUID() });
          this.sent += 1;
        }
      }),
    );
  }

  async stop(): Promise<{ perSecond: number }> {
    this.#over = true;
    await Promise.all(this.#workers);
    return { perSecond: Math.round((1_000 * this.sent) / (performance.now() - this.#since)) };
  }
}

/** "median 5, p99 12, max 20 (n = 200)" */
export function distribution(values: readonly number[]): { median: number; p99: number; max: number; told: string } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  const [median, p99, max] = [at(0.5), at(0.99), at(1)].map(Math.round) as [number, number, number];
  return { median, p99, max, told: `median ${median}, p99 ${p99}, max ${max} (n = ${sorted.length})` };
}

/** `ok`, or why not. */
export function codeOf(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => 'ok',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
}
