import { Bucket, type Rate } from './bucket.js';

export interface BucketsOptions {
  readonly rate: Rate;
  /** Remembered at most (I9); beyond it, whoever came first is forgotten. */
  readonly remembered: number;
}

/** How many are looked at in one sweep, so that none takes long. */
const SWEPT_AT_ONCE = 10_000;

/** A bucket of somebody, with what was taken from it that other processes do not know of yet. */
export class KeyedBucket extends Bucket {
  untold = 0;
  /** Its name among processes; made when it is first needed. */
  name: string | undefined;
}

/** A bucket for each key. A full one says nothing and is forgotten. */
export class Buckets<Key extends string | number> {
  readonly rate: Rate;
  private readonly remembered: number;
  private readonly all = new Map<Key, KeyedBucket>();
  private sweeping = this.all.entries();

  constructor({ rate, remembered }: BucketsOptions) {
    this.rate = rate;
    this.remembered = remembered;
  }

  get size(): number {
    return this.all.size;
  }

  of(key: Key): KeyedBucket {
    const known = this.all.get(key);
    if (known) return known;
    if (this.all.size >= this.remembered) this.all.delete(this.all.keys().next().value as Key);
    const made = new KeyedBucket();
    this.all.set(key, made);
    return made;
  }

  /** Forgets full ones; called now and then. */
  sweep(nowMs: number): void {
    for (let n = 0; n < SWEPT_AT_ONCE; n++) {
      const next = this.sweeping.next();
      if (next.done) {
        this.sweeping = this.all.entries();
        return;
      }
      const [key, bucket] = next.value;
      if (bucket.untold === 0 && bucket.isFull(nowMs)) this.all.delete(key);
    }
  }
}
