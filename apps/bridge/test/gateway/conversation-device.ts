import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { type BridgeClient, CodedError, type ReceivedFrame } from '@drawbridge/testing';
import type { By } from './conversation-model.js';
import type { GatewayHarness, Session } from './gateway-harness.js';

/** Far more than the 5 s in which the store is asked where hints were lost. */
const ARRIVES_WITHIN_MS = 30_000;
const RETRY_MS = 100;
const MAX_TRIES = 300;

/** What came in one run of resumed connections: everything after `after`, and so on. */
interface Told {
  readonly after: number;
  readonly events: ReceivedFrame[];
}

/** The reply to a command, as far as it is an answer at all. */
export type Reply = { code: 'ok'; data: Record<string, unknown> } | { code: string; data?: undefined };

/** One installation of an app: what it remembers over its connections, and all that it was ever told. */
export class Device {
  readonly problems: string[] = [];
  /** Frames that have no place in the mailbox. */
  readonly passing: ReceivedFrame[] = [];
  private readonly past: Told[] = [];
  private client: BridgeClient | undefined;
  private isPaused = false;
  private place: { epoch: string; after: number } | undefined;

  constructor(
    readonly by: By,
    readonly isReader: boolean,
    private readonly token: string,
    public gateway: number,
    private readonly gateways: readonly { harness: GatewayHarness }[],
  ) {}

  get isConnected(): boolean {
    return this.client?.socket.readyState === 1;
  }

  /** Of the last event, or where it opened at. */
  get lastSeq(): number | undefined {
    return this.client?.lastSeq ?? this.place?.after;
  }

  /** Every durable event, in the order it came. */
  get told(): Told[] {
    return this.client ? [...this.past.slice(0, -1), this.withThoseOf(this.client)] : this.past;
  }

  async connect(gateway = this.gateway, isAnew = false): Promise<void> {
    this.disconnect();
    this.gateway = gateway;
    if (isAnew) this.place = undefined;
    for (let tries = 1; ; tries++) {
      try {
        const client = await this.gateways[gateway]!.harness.connect();
        const { mailbox } = await client.open<Session>(this.token, this.place);
        this.client = client;
        if (mailbox && !this.place) {
          this.place = { epoch: mailbox.epoch, after: mailbox.head };
          this.past.push({ after: mailbox.head, events: [] });
        }
        return;
      } catch (error) {
        // A gateway that has just started may have no proof of consent yet.
        if (tries === MAX_TRIES) throw error;
        await sleep(RETRY_MS);
      }
    }
  }

  /** There and reading. */
  async ready(): Promise<void> {
    if (this.isConnected && this.isPaused) {
      this.client!.resumeReading();
      this.isPaused = false;
      await this.client!.request('ping', {}).catch(() => this.disconnect());
    }
    if (!this.isConnected) await this.connect();
  }

  pause(): void {
    if (!this.isConnected) return;
    this.client!.pauseReading();
    this.isPaused = true;
  }

  disconnect(): void {
    const { client } = this;
    if (!client) return;
    client.socket.terminate();
    this.isPaused = false;
    this.problems.push(...client.problems);
    const told = this.past.at(-1);
    if (told) this.past[this.past.length - 1] = this.withThoseOf(client);
    this.passing.push(...client.frames.filter(({ seq }) => seq === undefined));
    if (this.place && client.lastSeq !== undefined) this.place = { ...this.place, after: client.lastSeq };
    this.client = undefined;
  }

  /** What the bridge says in the end: asked again where it could not say. */
  async ask(event: string, data: object): Promise<Reply> {
    for (let tries = 1; ; tries++) {
      await this.ready();
      try {
        return { code: 'ok', data: await this.client!.request(event, data) };
      } catch (error) {
        const isFinal = error instanceof CodedError && !error.data.retryable;
        if (isFinal) return { code: error.code };
        if (tries === MAX_TRIES) throw error;
        await sleep(RETRY_MS);
      }
    }
  }

  /** Asks, and is gone before the reply. */
  async askAndGo(event: string, data: object): Promise<void> {
    await this.ready();
    this.client!.request(event, data).catch(() => {});
    await turn();
    this.disconnect();
  }

  /** Waits until it is told so. */
  async hears(text: string): Promise<void> {
    const says = ({ event, data }: ReceivedFrame) =>
      event === 'message.created' && (data.message as { text?: string }).text === text;
    const late = sleep(ARRIVES_WITHIN_MS, 'late' as const, { ref: false });
    while (!this.told.some(({ events }) => events.some(says))) {
      await this.ready();
      const lost = (): 'lost' => 'lost';
      if ((await Promise.race([this.client!.waitFor(says).catch(lost), late])) !== 'late') continue;
      this.problems.push(`was not told ${text}`);
      return;
    }
  }

  private withThoseOf({ frames }: BridgeClient): Told {
    const { after, events } = this.past.at(-1) ?? { after: 0, events: [] };
    return { after, events: [...events, ...frames.filter(({ seq }) => seq !== undefined)] };
  }
}
