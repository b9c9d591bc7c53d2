/** As much of a browser as this needs: the SDK is compiled without its types. */
interface Platform {
  readonly navigator: {
    readonly locks: {
      request(name: string, options: LockOptions, act: () => unknown): Promise<unknown>;
      query(): Promise<{ readonly held?: readonly { readonly name?: string }[] }>;
    };
  };
  readonly BroadcastChannel: new (name: string) => Channel;
}

interface LockOptions {
  readonly mode?: 'shared';
  readonly signal?: AbortSignal;
}

interface Channel {
  onmessage: ((message: { readonly data: unknown }) => void) | null;
  postMessage(data: unknown): void;
  close(): void;
}

/**
 * Calls back whenever another of those who watch this name is gone, however it went: each holds a lock of its own as long as
 * it is there, tells the others of it, and waits for theirs.
 */
export function watchOthers(name: string, act: () => void): () => void {
  const { navigator, BroadcastChannel } = globalThis as unknown as Platform;
  const { locks } = navigator;
  const prefix = `${name} `;
  const mine = prefix + crypto.randomUUID();
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const over = new AbortController();
  const channel = new BroadcastChannel(name);
  const known = new Set([mine]);
  const watch = (other: unknown) => {
    if (typeof other !== 'string' || !other.startsWith(prefix) || known.has(other)) return;
    known.add(other);
    // It is over by our own leave, or by that of the other.
    locks.request(other, { mode: 'shared', signal: over.signal }, act).catch(() => {});
  };
  const stay = async () => {
    if (over.signal.aborted) return;
    channel.postMessage(mine);
    for (const lock of (await locks.query()).held ?? []) watch(lock.name);
    await left;
  };
  channel.onmessage = ({ data }) => watch(data);
  locks.request(mine, {}, stay).catch(() => {});
  return () => {
    over.abort();
    channel.close();
    leave();
  };
}
