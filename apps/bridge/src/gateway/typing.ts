import type { Delivery } from './delivery.js';

export const TYPING_LIMITS = {
  /** Somebody who says nothing more has stopped. */
  lapsesAfterMs: 6_000,
  /** Said again sooner, it tells the others nothing new. */
  saidAgainAfterMs: 1_000,
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

  constructor(private readonly delivery: Pick<Delivery, 'pass'>) {}

  /** `audience`: those who are told. */
  start(typist: Typist, conversation: string, audience: readonly number[]): void {
    const key = keyOf(typist, conversation);
    const known = this.active.get(key);
    if (!known && this.active.size >= TYPING_LIMITS.maxTyping) return;
    clearTimeout(known?.lapse);
    const lapse = setTimeout(() => this.stop(typist, conversation), TYPING_LIMITS.lapsesAfterMs).unref();
    const now = performance.now();
    const isNews = !known || now - known.saidAt >= TYPING_LIMITS.saidAgainAfterMs;
    this.active.set(key, { audience, lapse, saidAt: isNews ? now : known.saidAt });
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

  private tell({ id }: Typist, conversation: string, audience: readonly number[], active: boolean): void {
    const data = Buffer.from(JSON.stringify({ conversation, person: id, active }));
    this.delivery.pass({ name: 'typing', data, people: audience });
  }
}

function keyOf({ key }: Typist, conversation: string): string {
  return `${key} ${conversation}`;
}
