import type { WireCommands } from '@drawbridge/protocol';

/** `queued`: waits for its turn, or for a connection. `sent`: stored by the bridge. `failed`: will not be sent by itself. */
export type SendStatus = 'queued' | 'sending' | 'sent' | 'failed';

/** The commands that go through the outbox: each has a `clientId`, so that repeating it changes nothing. */
export type SendCommand = 'message.send' | 'recommendation.send';

/** As in the protocol, without the `clientId`: that is the entry's `localId`. */
export type SendData = { [Command in SendCommand]: Omit<WireCommands[Command]['data'], 'clientId'> };

/** Something to be sent. Plain JSON. */
export interface OutboxEntry<Command extends SendCommand = SendCommand> {
  /** Also the `clientId`: the same over every retry and restart. */
  readonly localId: string;
  readonly command: Command;
  readonly data: SendData[Command];
  status: SendStatus;
  /** Grows from entry to entry; things for one conversation are sent in this order. */
  readonly order: number;
  readonly queuedAt: string;
  /** Whose it is, from the first time that it is known; nobody else who signs in sends it. */
  person?: string;
  /** Of a failed one. */
  error?: { code: string; message: string; docs?: string };
}

/** Where what is to be sent is kept. Each call resolves when a restart would find it so; those for one entry take effect in turn. */
export interface OutboxStore {
  load(): Promise<OutboxEntry[]>;
  /** Adds it, or replaces the one with its `localId`. */
  put(entry: OutboxEntry): Promise<void>;
  remove(localId: string): Promise<void>;
  /**
   * Writes whose it is, if that is nobody's yet; resolves to whose it is, and to undefined where it is gone. Of all who share the
   * store one wins, so that what was written before anybody was signed in is not sent by two people.
   */
  claim?(localId: string, person: string): Promise<string | undefined>;
  /**
   * Calls back whenever somebody else who had this store open is gone, and may have left something to be sent, until the
   * function that is returned is called. Where there is no such thing, the store is looked at with each connection.
   */
  watch?(act: () => void): () => void;
}
