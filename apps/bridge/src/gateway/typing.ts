import { rateOf } from '../limits/bucket.js';
import { Buckets } from '../limits/buckets.js';
import type { Delivery } from './delivery.js';

export const TYPING_LIMITS = {
  /** Somebody who says nothing more has stopped. */
  lapsesAfterMs: 6_000,
  /** Said again sooner, it tells the others nothing new. */
  saidAgainAfterMs: 1_000,
  /** So often others are told that one person begins, wherever that is, and of no more; ten seconds' worth may come at once. */
  newsPerS: 2,
  newsBurstS: 10,
  /** People who are typing through this process at once; of more nobody is told (I9). */
  maxTyping: 10_000,
} as const;

export interface Typist {
  readonly key: number;
  readonly id: string;
}

interface Active {
  readonly audience: readonly number[];
  saidAt: number;
  lapse: NodeJS.Timeout;
}

/** Who is typing where, through this process. Passing: nothing of it is stored, and what is lost is lost. */
export class Typing {
  private readonly active = new Map<string, Active>();
  /** Whoever begins and stops in turns, hundreds of times a second, would be told of to everybody in the group each time. */
  private readonly news = new Buckets<number>({
    rate: rateOf(TYPING_LIMITS.newsPerS, TYPING_LIMITS.newsBurstS),
    remembered: TYPING_LIMITS.maxTyping,
  });

  constructor(private readonly delivery: Pick<Delivery, 'pass'>) {}

  /** `audience`: those who are told. */
  start(typist: Typist, conversation: string, audience: readonly number[]): void {
    const key = keyOf(typist, conversation);
    const known = this.active.get(key);
    if (!known && this.active.size >= TYPING_LIMITS.maxTyping) return;
    const now = performance.now();
    const isOld = known && now - known.saidAt < TYPING_LIMITS.saidAgainAfterMs;
    const isNews = !isOld && this.mayBeTold(typist, now);
    if (!known && !isNews) return;
    clearTimeout(known?.lapse);
    const lapse = setTimeout(() => this.stop(typist, conversation), TYPING_LIMITS.lapsesAfterMs).unref();
    this.active.set(key, { audience, lapse, saidAt: isNews ? now : known!.saidAt });
    if (isNews) this.tell(typist, conversation, audience, true);
  }

  /** Nothing happens where they were not. */
  stop(typist: Typist, conversation: string): void {
    const key = keyOf(typist, conversation);
    const known = this.active.get(key);
    if (!known) return;
    clearTimeout(known.lapse);
    this.active.delete(key);
    this.tell(typist, conversation, known.audience, false);
  }

  private mayBeTold({ key }: Typist, nowMs: number): boolean {
    const bucket = this.news.of(key);
    const may = bucket.waitMs(this.news.rate, nowMs) === 0;
    if (may) bucket.take(this.news.rate, nowMs);
    return may;
  }

  private tell({ id }: Typist, conversation: string, audience: readonly number[], active: boolean): void {
    const data = Buffer.from(JSON.stringify({ conversation, person: id, active }));
    this.delivery.pass({ name: 'typing', data, people: audience });
  }
}

function keyOf({ key }: Typist, conversation: string): string {
  return `${key} ${conversation}`;
}
