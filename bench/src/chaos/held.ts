/** A message as the wire has it, as far as it is compared. */
export interface WireMessage {
  readonly id: string;
  readonly conversation: string;
  readonly position: number;
  readonly from: { readonly id: string };
  readonly text?: string;
  readonly reactions?: readonly object[];
  readonly editedAt?: string;
  readonly deletedAt?: string;
}

/** What somebody holds of one message. */
export interface Entry {
  readonly id: string;
  /** Everything about it that must be the same for everybody, in the end. */
  state: string;
  /** Where it is from a page: what the page knew. */
  readonly asOf?: number;
}

export function stateOf({ from, text, reactions, editedAt, deletedAt }: WireMessage): string {
  return JSON.stringify([from.id, text ?? null, reactions ?? [], editedAt ?? null, deletedAt ?? null]);
}

/** What a client shows, from its events: conversations, each with its messages by position. It says what cannot be. */
export class Held {
  readonly conversations = new Map<string, Map<number, Entry>>();

  constructor(private readonly problem: (text: string) => void) {}

  /** `seq` is the event's. */
  take(event: string, seq: number, message: WireMessage): void {
    const known = this.of(message.conversation);
    const entry = known.get(message.position);
    // A page was read later than that.
    if (entry?.asOf !== undefined && seq <= entry.asOf) return;
    const wrong = this.wrong(event, message, known);
    if (wrong) this.problem(`${event} ${message.position} of ${message.conversation} (seq ${seq}) ${wrong}`);
    else if (entry) entry.state = stateOf(message);
    else known.set(message.position, { id: message.id, state: stateOf(message) });
  }

  private wrong(event: string, { position, id }: WireMessage, known: ReadonlyMap<number, Entry>): string | undefined {
    const entry = known.get(position);
    if (event !== 'message.created') {
      if (!entry) return 'of a message that never came';
      return entry.id === id ? undefined : `is about ${id}, and that was ${entry.id}`;
    }
    if (entry) return 'came twice';
    return position === 1 || known.has(position - 1) ? undefined : 'came without the one before it';
  }

  /** After a reset: what a page of the history says. What came by event since is newer. */
  page(messages: readonly WireMessage[], asOf: number): void {
    for (const message of messages) {
      const known = this.of(message.conversation);
      if (!known.has(message.position)) known.set(message.position, { id: message.id, state: stateOf(message), asOf });
    }
  }

  private of(conversation: string): Map<number, Entry> {
    let known = this.conversations.get(conversation);
    if (!known) {
      known = new Map();
      this.conversations.set(conversation, known);
    }
    return known;
  }

  clear(): void {
    this.conversations.clear();
  }
}
