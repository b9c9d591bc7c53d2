/**
 * Commands of one connection on one conversation take effect in the order in which they were sent. Messaging keeps the
 * order of sends; here a read of a conversation waits for the sends before it, and for those to a person, whose
 * conversation is not known yet. What is said of typing has an order of its own. The letters of an id may be of either case.
 */
export class CommandOrder {
  private toPersons: Promise<unknown> | undefined;
  private readonly lastSends = new Map<string, Promise<unknown>>();
  private readonly lastTyping = new Map<string, Promise<unknown>>();

  sent(conversation: string | undefined, sending: Promise<unknown>): void {
    if (conversation === undefined) this.sentToPerson(sending);
    else remember(this.lastSends, conversation.toLowerCase(), sending);
  }

  /** Whether something said of typing there is under way. */
  isTypingSaid(conversation: string): boolean {
    return this.lastTyping.size > 0 && this.lastTyping.has(conversation.toLowerCase());
  }

  /** Where nothing of it is under way, it begins at once. */
  typed<T>(conversation: string, say: () => Promise<T>): Promise<T> {
    const key = conversation.toLowerCase();
    const before = this.lastTyping.get(key);
    const saying = before ? before.then(say, say) : say();
    remember(this.lastTyping, key, saying);
    return saying;
  }

  /** Sends into one conversation are answered in their order, so the last one's answer is enough to wait for. */
  read<T>(conversation: string, read: () => Promise<T>): Promise<T> {
    const { toPersons } = this;
    const before = this.lastSends.get(conversation.toLowerCase());
    if (!toPersons && !before) return read();
    return Promise.allSettled([toPersons, before]).then(read);
  }

  private sentToPerson(sending: Promise<unknown>): void {
    const all = Promise.allSettled([this.toPersons, sending]).then(() => {
      if (this.toPersons === all) this.toPersons = undefined;
    });
    this.toPersons = all;
  }
}

/** Until it is settled, or another has followed. */
function remember(last: Map<string, Promise<unknown>>, key: string, promise: Promise<unknown>): void {
  last.set(key, promise);
  const settled = () => {
    if (last.get(key) === promise) last.delete(key);
  };
  promise.then(settled, settled);
}
