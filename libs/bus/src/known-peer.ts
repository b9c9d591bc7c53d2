import type { FrameHead } from './peer-frames.js';
import { FRAME } from './peer-frames.js';

/** Another process, as this one sees it. */
export interface Peer {
  readonly instance: string;
}

/** One direction each of two numbered streams: what goes to the peer, and what comes from it. */
export class KnownPeer implements Peer {
  label = '';
  heardAt = performance.now();
  /** The keys that the peer holds; right while not `inDoubt`. */
  readonly keys = new Set<number>();
  /** The peer may hold keys that are not known here: it is sent every hint. */
  inDoubt = true;
  /** What came from the peer; stream 0 where it has not spoken to this process yet. `confirmed`: up to there `keys` is right. */
  readonly received = { stream: 0, number: 0, confirmed: 0 };
  /** What goes to it. `announced`: which of this process's announcements left in which frame. */
  readonly sent;
  /** The last announcement of this process that the peer has confirmed. */
  knows = 0;
  confirmTimer: NodeJS.Timeout | undefined;
  askedAt = Number.NEGATIVE_INFINITY;
  answeredAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly instance: string,
    stream: number,
  ) {
    this.sent = { stream, number: 0, announced: [] as { announcement: number; number: number }[] };
  }
}

/** A frame from before the place where the stream that is followed stands, or of one before it: late, or repeated. */
export function isStale({ received }: KnownPeer, { kind, stream, number }: FrameHead): boolean {
  if (stream !== received.stream) return stream < received.stream;
  return kind === FRAME.beat ? number < received.number : number <= received.number;
}

export const NOBODY: readonly KnownPeer[] = [];

/** Which peers hold a key, as far as they have said. */
export class Holders {
  private readonly byKey = new Map<number, KnownPeer[]>();

  of(key: number): readonly KnownPeer[] {
    return this.byKey.get(key) ?? NOBODY;
  }

  add(peer: KnownPeer, key: number): void {
    if (peer.keys.has(key)) return;
    peer.keys.add(key);
    const holders = this.byKey.get(key);
    if (holders) holders.push(peer);
    else this.byKey.set(key, [peer]);
  }

  remove(peer: KnownPeer, key: number): void {
    if (!peer.keys.delete(key)) return;
    const holders = this.byKey.get(key);
    if (!holders) return;
    if (holders.length === 1) this.byKey.delete(key);
    else holders.splice(holders.indexOf(peer), 1);
  }

  removeAll(peer: KnownPeer): void {
    for (const key of [...peer.keys]) this.remove(peer, key);
  }

  clear(): void {
    this.byKey.clear();
  }
}
