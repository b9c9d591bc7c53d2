import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Database } from '@drawbridge/database';
import { startBridge, startPostgres } from '@drawbridge/testing';
import { Probe, probeEnv } from '../probe-client.js';
import type { WebhooksOptions } from './options.js';
import { Receiver } from './receiver.js';

const PLATFORM_TOKEN = 'platform-token-of-the-bench';
const BATCH = 500;
const SAMPLE_MS = 2_000;
/** With everything that goes on. */
const MAX_HEAP_GROWTH_BYTES = 15_000_000;

interface Tables {
  readonly message: { conversation: string; position: number; id: string };
  readonly outbox_event: { key: string; type: string; subject: string };
}

export interface WebhooksResult {
  readonly events: number;
  readonly ms: number;
  /** From the moment that the receiver is back until the first event comes. */
  readonly firstAfterMs: number;
  readonly again: number;
  /** Of the bridge after full collections: while nothing is told yet, and every now and then. */
  readonly heapBytes: readonly number[];
  readonly problems: readonly string[];
}

/** Lets events wait, and looks how they are told when the receiver is back. */
export async function runWebhooks(options: WebhooksOptions, progress: (line: string) => void): Promise<WebhooksResult> {
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-webhooks-'));
  const socket = join(folder, 'probe');
  const postgres = await startPostgres();
  const receiver = new Receiver(options.slowMs);
  try {
    const port = await receiver.reserve();
    const env = {
      PLATFORM_TOKEN,
      DEMO: 'false',
      PLATFORM_WEBHOOK_URL: `http://127.0.0.1:${port}/`,
      PLATFORM_WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
      ...probeEnv(socket),
    };
    await using bridge = await startBridge({ database: 'postgres', databaseUrl: postgres.url, env });
    const probe = await Probe.connect(socket);
    await write(bridge.internalUrl, options);
    await using database = await Database.open({ url: postgres.url, poolSize: 2 });
    await haveTold(database);
    const heapBytes = [(await probe.collected()).heapUsed];
    progress(`${options.events} events wait; the receiver is back`);
    const startedAt = performance.now();
    await receiver.start(port);
    for (let sampleAtMs = startedAt + SAMPLE_MS; receiver.ids.size < options.events; await pause(20)) {
      if (performance.now() < sampleAtMs) continue;
      heapBytes.push((await probe.collected()).heapUsed);
      progress(`${receiver.ids.size} told; ${(heapBytes.at(-1)! / 1e6).toFixed(1)} MB of heap`);
      sampleAtMs = performance.now() + SAMPLE_MS;
    }
    probe.close();
    const problems = [];
    if (receiver.disordered > 0)
      problems.push(`${receiver.disordered} came before an earlier one of their conversation`);
    const growth = Math.max(...heapBytes) - heapBytes[0]!;
    if (growth > MAX_HEAP_GROWTH_BYTES) problems.push(`the heap has grown by ${growth} bytes`);
    return {
      events: receiver.ids.size,
      ms: receiver.lastAtMs - receiver.firstAtMs,
      firstAfterMs: receiver.firstAtMs - startedAt,
      again: receiver.again,
      heapBytes,
      problems,
    };
  } finally {
    await receiver.stop().catch(() => {});
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Two people for each conversation, who write to each other. */
async function write(url: string, { events, conversations }: WebhooksOptions): Promise<void> {
  const call = async (method: string, path: string, body: object) => {
    const headers = { Authorization: `Bearer ${PLATFORM_TOKEN}`, 'Content-Type': 'application/json' };
    const response = await fetch(`${url}/platform/v1${path}`, { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  };
  for (let n = 0; n <= conversations; n++) await call('PUT', `/people/p${n}`, { handle: `p${n}`, name: `Person ${n}` });
  for (let begin = 0; begin < events; begin += BATCH) {
    const messages = Array.from({ length: Math.min(BATCH, events - begin) }, (_, n) => {
      const pair = (begin + n) % conversations;
      return { from: `p${pair}`, to: `p${pair + 1}`, text: `n ${begin + n}`, clientId: randomUUID() };
    });
    await call('POST', '/messages', { messages });
  }
}

/** What the platform writes is not told to it: as if a partner's app had written it. */
async function haveTold(database: Database): Promise<void> {
  await database
    .tables<Tables>()
    .insertInto('outbox_event')
    .columns(['key', 'type', 'subject'])
    .expression((query) =>
      query
        .selectFrom('message')
        .select(({ cast, val }) => [
          cast<string>('conversation', 'text').as('key'),
          val('message.created').as('type'),
          cast<string>('id', 'text').as('subject'),
        ])
        .orderBy('position'),
    )
    .execute();
}
