import type { FeedRow } from './feed.js';
import type { ConsentSession } from './session.js';

/** The sessions of this process, by grant. A session stays while its connection lives or a statement of it is in flight. */
export class SessionIndex {
  private readonly byGrant = new Map<string, Set<ConsentSession>>();

  add(session: ConsentSession): void {
    const set = this.byGrant.get(session.grant) ?? new Set();
    this.byGrant.set(session.grant, set.add(session));
  }

  remove(session: ConsentSession): void {
    const set = this.byGrant.get(session.grant);
    if (set?.delete(session) && set.size === 0) this.byGrant.delete(session.grant);
  }

  /** Whom the row may concern; a copy, because what is told of it may close. */
  concernedBy(row: FeedRow): ConsentSession[] {
    if (row.grant !== null) return this.of(row.grant);
    return row.kind === 'origin' ? [] : this.all();
  }

  /** A copy. */
  of(grant: string): ConsentSession[] {
    return [...(this.byGrant.get(grant) ?? [])];
  }

  all(): ConsentSession[] {
    return [...this.byGrant.values()].flatMap((set) => [...set]);
  }
}
