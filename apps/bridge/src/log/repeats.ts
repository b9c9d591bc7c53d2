/** So many lines of one kind are written in one window. */
const MAX_LINES = 10;
const WINDOW_MS = 10_000;
/** More kinds than the program has sentences: only a mistake, a sentence that differs each time, would get there (I9). */
const MAX_KINDS = 1_000;

interface Kind {
  since: number;
  lines: number;
  left: number;
}

/**
 * Keeps one trouble from filling the disk: with the database gone, every one of 50,000 connections would say so. After
 * ten lines of one kind in ten seconds the others are only counted, and the next one that is written says how many.
 */
export class Repeats {
  private readonly kinds = new Map<string, Kind>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** How many of this kind were left out since the last one was written; `enough` when this one is to be left out. */
  count(name: string): number | 'enough' {
    const now = this.now();
    const kind = this.kinds.get(name);
    if (kind && now - kind.since < WINDOW_MS) {
      kind.lines += 1;
      if (kind.lines <= MAX_LINES) return 0;
      kind.left += 1;
      return 'enough';
    }
    if (this.kinds.size >= MAX_KINDS) this.kinds.clear();
    this.kinds.set(name, { since: now, lines: 1, left: 0 });
    return kind?.left ?? 0;
  }
}
