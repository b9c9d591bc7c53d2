/** Whose mailbox has the event, and where in it. */
export interface Recipient {
  owner: number;
  seq: number;
}

/** What was committed and now goes to everybody it concerns. */
export interface DurableEvent {
  name:
    | 'message.created'
    | 'message.edited'
    | 'message.deleted'
    | 'message.reacted'
    | 'conversation.created'
    | 'conversation.updated'
    | 'receipt.updated';
  /** The JSON of the frame's `data`, serialised once and the same for everybody. */
  data: Buffer;
  /** To connections of this person and app the write adds `clientId`. */
  own?: { person: number; app: string; clientId: string };
  recipients: Recipient[];
}

/** An entry of a mailbox, made from today's rows: the same `data` as the live event where nothing changed since. */
export interface StoredEvent {
  seq: number;
  name: DurableEvent['name'];
  data: Buffer;
  /** On the owner's own messages: for connections of this app the write adds `clientId`. */
  ownClientId?: { app: string; clientId: string };
  /** The message it told of is no longer kept: there is nothing to tell, and its number goes by. */
  gone?: true;
}
