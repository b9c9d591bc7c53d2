/**
 * Commands of one connection on one conversation take effect in the order in which they were sent. Messaging keeps the
 * order of sends; here a read of a conversation waits for the sends before it, and for those to a person, whose
 * conversation is not known yet.
 */
export class CommandOrder {
  private toPersons: Promise<unknown> | undefined;
  private readonly lastSends = new Map<string, Promise<unknown>>();

  sent(conversation: string | undefined, sending: Promise<unknown>): void {
    if (conversation === undefined) {
      this.sentToPerson(sending);
      return;
    }
    this.lastSends.set(conversation, sending);
    const settled = () => {
      if (this.lastSends.get(conversation) === sending) this.lastSends.delete(conversation);
    };
    sending.then(settled, settled);
  }

  /** Sends into one conversation are answered in their order, so the last one's answer is enough to wait for. */
  read<T>(conversation: string, read: () => Promise<T>): Promise<T> {
    const { toPersons } = this;
    const before = this.lastSends.get(conversation);
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
