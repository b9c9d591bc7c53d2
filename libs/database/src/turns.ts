export interface TurnLimits {
  /** Under way at once, of everybody. */
  readonly atOnce: number;
  /** May wait of one key; without it, as many as come. */
  readonly waitingEach?: number;
  /** May wait of all keys together; without it, as many as come. */
  readonly waiting?: number;
}

/** More wait than may. `own`: of this key; `all`: of everybody together. */
export class NoTurn extends Error {
  override readonly name = 'NoTurn';
  constructor(readonly crowded: 'own' | 'all') {
    super(`too many wait for their turn: ${crowded}`);
  }
}

/** So many at once and no more, key by key in turn: whoever asks for hundreds of things delays nobody by more than one (I9). */
export class Turns {
  private underWay = 0;
  private waitingNow = 0;
  /** The key whose turn it is comes first. */
  private readonly queues = new Map<string, (() => void)[]>();

  constructor(private readonly limits: TurnLimits) {}

  /** NoTurn where too many wait; `work` is not begun then. Work that fails gives its turn on. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (this.underWay >= this.limits.atOnce) await this.turn(key);
    else this.underWay += 1;
    try {
      return await work();
    } finally {
      this.handOn();
    }
  }

  private turn(key: string): Promise<void> {
    const { waitingEach = Infinity, waiting = Infinity } = this.limits;
    const queue = this.queues.get(key);
    if (queue && queue.length >= waitingEach) throw new NoTurn('own');
    if (this.waitingNow >= waiting) throw new NoTurn('all');
    this.waitingNow += 1;
    return new Promise((resolve) => {
      if (queue) queue.push(resolve);
      else this.queues.set(key, [resolve]);
    });
  }

  private handOn(): void {
    for (const [key, queue] of this.queues) {
      const next = queue.shift();
      this.queues.delete(key);
      if (queue.length > 0) this.queues.set(key, queue);
      this.waitingNow -= 1;
      next?.();
      return;
    }
    this.underWay -= 1;
  }
}
