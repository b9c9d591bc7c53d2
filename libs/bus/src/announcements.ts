import type { KnownPeer } from './known-peer.js';

/** The keys that are held here, what has been announced of that, and which of it every peer has confirmed. */
export class Announcements {
  private readonly keys = new Set<number>();
  private adding = new Set<number>();
  private removing = new Set<number>();
  /** Keys held whose announcement, of this number, some peer has not confirmed yet. */
  private readonly unconfirmed = new Map<number, number>();
  private last = 1;
  private flushing: NodeJS.Immediate | undefined;

  constructor(
    /** Called once for all that changes in a turn. */
    private readonly flush: () => void,
    /** Announcements to a peer that it has not confirmed and that are remembered one by one. */
    private readonly maxUnconfirmed: number,
  ) {}

  get held(): ReadonlySet<number> {
    return this.keys;
  }

  hold(key: number): void {
    this.keys.add(key);
    if (!this.removing.delete(key)) this.adding.add(key);
    this.flushing ??= setImmediate(this.flush);
  }

  release(key: number): void {
    this.keys.delete(key);
    this.unconfirmed.delete(key);
    if (!this.adding.delete(key)) this.removing.add(key);
    this.flushing ??= setImmediate(this.flush);
  }

  stop(): void {
    clearImmediate(this.flushing);
  }

  /** The next announcement: what has changed since the last one, if anything. Without peers nobody has to confirm it. */
  next(hasPeers: boolean): { readonly added: ReadonlySet<number>; readonly removed: ReadonlySet<number> } | undefined {
    this.flushing = undefined;
    const { adding: added, removing: removed } = this;
    if (added.size === 0 && removed.size === 0) return undefined;
    this.last += 1;
    if (hasPeers) for (const key of added) this.unconfirmed.set(key, this.last);
    this.adding = new Set();
    this.removing = new Set();
    return { added, removed };
  }

  /** The last frame to the peer tells of all announcements so far. Of very many, the last confirms the others too. */
  sentTo({ sent }: KnownPeer): void {
    if (sent.announced.length >= this.maxUnconfirmed) sent.announced.splice(0, sent.announced.length - 1);
    sent.announced.push({ announcement: this.last, number: sent.number });
  }

  /** The keys that every peer knows by now to be held here; each is given once. */
  takeConfirmed(peers: Iterable<KnownPeer>): number[] {
    if (this.unconfirmed.size === 0) return [];
    let known = this.last;
    for (const peer of peers) known = Math.min(known, peer.knows);
    const keys: number[] = [];
    for (const [key, announcement] of this.unconfirmed) if (announcement <= known) keys.push(key);
    for (const key of keys) this.unconfirmed.delete(key);
    return keys;
  }
}

/** The peer knows what was announced in the frames up to `number`; whether that is news. */
export function confirmedBy(peer: KnownPeer, number: number): boolean {
  const { announced } = peer.sent;
  let known = 0;
  while (known < announced.length && announced[known]!.number <= number) known += 1;
  if (known === 0) return false;
  peer.knows = announced[known - 1]!.announcement;
  announced.splice(0, known);
  return true;
}
