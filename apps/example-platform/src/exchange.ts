import { setTimeout as wait } from 'node:timers/promises';
import { BridgeApi, BridgeRefused } from './bridge-api.js';
import type { Chat } from './chat.js';
import { FromBridge } from './from-bridge.js';
import type { Settings } from './settings.js';
import { ToBridge } from './to-bridge.js';

/** After something that should not have happened, such as a database that went away. */
const PAUSE_MS = 1_000;

/** Both directions, each a loop of its own: first what waits here is told, then what was missed is read, then both go on. */
export class Exchange {
  readonly api: BridgeApi;
  private readonly stopping = new AbortController();
  private readonly from: FromBridge;
  private readonly to: ToBridge;
  private readonly loops: Promise<void>[] = [];

  constructor(
    private readonly chat: Chat,
    settings: Settings,
    private readonly log: (line: string) => void,
  ) {
    this.api = new BridgeApi(settings.bridge, this.stopping.signal, log);
    this.from = new FromBridge(chat, this.api);
    this.to = new ToBridge(chat, this.api, this.from);
  }

  start(): void {
    let hasCaughtUp = false;
    const outward = async () => {
      if (await this.to.step()) return true;
      // Not before: what was told, and whose answer was lost, would look like somebody else's.
      if (!hasCaughtUp) await this.from.catchUp();
      hasCaughtUp = true;
      return false;
    };
    this.loops.push(
      this.loop('outbox', outward),
      this.loop('webhook', () => this.inward()),
    );
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.loops);
  }

  /** The oldest webhook that was not looked at; it was answered long ago. */
  private async inward(): Promise<boolean> {
    const { db } = this.chat;
    const told = await db
      .selectFrom('webhook')
      .select(['id', 'body'])
      .where('applied_at', 'is', null)
      .orderBy('n')
      .limit(1)
      .executeTakeFirst();
    if (!told) return false;
    try {
      await this.from.apply(JSON.parse(told.body));
    } catch (error) {
      // One that cannot be understood, now or ever, holds up no others: it stays in the table.
      if (!(error instanceof BridgeRefused)) throw error;
      this.log(`The webhook ${told.id} is passed over: ${error.message}`);
    }
    await db.updateTable('webhook').set({ applied_at: new Date() }).where('id', '=', told.id).execute();
    return true;
  }

  /** Steps until there is nothing to do, and again when there is something. */
  private async loop(event: 'outbox' | 'webhook', step: () => Promise<boolean>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.chat.once(event, resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      try {
        while (!signal.aborted && (await step()));
        if (!signal.aborted) await promise;
      } catch (error) {
        if (signal.aborted) return;
        this.log(`${error instanceof Error ? error.message : error}`);
        await wait(PAUSE_MS, undefined, { signal }).catch(() => {});
      }
      this.chat.off(event, resolve);
    }
  }
}
