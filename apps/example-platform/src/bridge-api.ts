import { setTimeout as wait } from 'node:timers/promises';
import type { Settings } from './settings.js';

const ANSWER_WITHIN_MS = 15_000;
/** While the bridge does not answer it is asked again after these, and then each time after the last. */
const PAUSES_MS = [250, 500, 1_000, 2_000, 5_000];

/** A message as the bridge shows it. */
export interface BridgeMessage {
  readonly id: string;
  readonly conversation: string;
  readonly position: number;
  readonly from: { readonly id: string; readonly name: string };
  readonly kind: string;
  readonly text?: string;
  readonly title?: { readonly name: string; readonly url: string };
  readonly note?: string;
  readonly via?: { readonly app: string };
  readonly sentAt: string;
  readonly editedAt?: string;
  readonly deletedAt?: string;
}

export interface BridgeConversation {
  readonly id: string;
  readonly kind: 'direct' | 'group';
  readonly title?: string;
  readonly members: readonly { readonly id: string }[];
  readonly lastPosition?: number;
}

/** The bridge will not have it, however often it is asked. */
export class BridgeRefused extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The bridge's `/platform/v1`. A call goes on until it is answered for good: everything there may be repeated. */
export class BridgeApi {
  /** Since when it has not answered. */
  waitingSince: Date | undefined;

  constructor(
    private readonly bridge: Settings['bridge'],
    private readonly stopped: AbortSignal,
    private readonly log: (line: string) => void,
  ) {}

  /** Rejects with BridgeRefused, or when the platform stops. */
  async call<T>(method: string, path: string, body?: object): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const pause = PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]!;
      let retryAfterMs = pause;
      try {
        const response = await fetch(`${this.bridge.internalUrl}/platform/v1${path}`, {
          method,
          headers: {
            authorization: `Bearer ${this.bridge.token}`,
            ...(body ? { 'content-type': 'application/json' } : {}),
          },
          ...(body ? { body: JSON.stringify(body) } : {}),
          signal: AbortSignal.any([this.stopped, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
        });
        const answer = (await response.json()) as T & { code: string; message: string };
        if (response.ok) {
          this.waitingSince = undefined;
          return answer;
        }
        // A token that is wrong is somebody's mistake, who will mend it: nothing may be given up for that.
        const mayCome = [401, 429].includes(response.status) || response.status >= 500;
        if (!mayCome) throw new BridgeRefused(answer.code, answer.message);
        retryAfterMs = Math.max(pause, Number(response.headers.get('retry-after')) * 1_000 || 0);
        this.unanswered(`answered ${response.status} to ${method} ${path}`);
      } catch (error) {
        if (error instanceof BridgeRefused || this.stopped.aborted) throw error;
        this.unanswered(`does not answer ${method} ${path}`);
      }
      await wait(retryAfterMs, undefined, { signal: this.stopped });
    }
  }

  private unanswered(how: string): void {
    if (!this.waitingSince) this.log(`The bridge ${how}: what was written waits for it.`);
    this.waitingSince ??= new Date();
  }
}
