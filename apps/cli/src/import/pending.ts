import type { Line } from './lines.ts';

/** What came of a line. */
export type Outcome = 'stored' | 'before' | Rejection;

export interface Rejection {
  readonly code: string;
  readonly message: string;
  readonly issues?: readonly object[];
}

/** A line that is not in the bridge yet, or not known to be. */
export interface Entry {
  readonly line: Line;
  outcome?: Outcome;
}

/** Lines in their order, which are done in any. */
export class Pending {
  private entries: Entry[] = [];

  get size(): number {
    return this.entries.length;
  }

  add(line: Line): Entry {
    const entry: Entry = { line };
    this.entries.push(entry);
    return entry;
  }

  /** Those before which all are done. */
  takeDone(): { readonly line: Line; readonly outcome: Outcome }[] {
    const first = this.entries.findIndex(({ outcome }) => outcome === undefined);
    const done = first < 0 ? this.entries : this.entries.slice(0, first);
    this.entries = first < 0 ? [] : this.entries.slice(first);
    return done as { line: Line; outcome: Outcome }[];
  }
}
