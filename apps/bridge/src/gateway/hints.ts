import { ByteReader, ByteWriter, type Peer, type Peers } from '@drawbridge/bus';
import type { DurableEvent } from '@drawbridge/messaging';

/** The names of durable events by the number that stands for them in a hint. Only ever added to. */
const NAMES: readonly DurableEvent['name'][] = [
  'message.created',
  'conversation.created',
  'message.edited',
  'message.deleted',
  'message.reacted',
  'conversation.updated',
  'receipt.updated',
];
const PASSING_NAMES: readonly PassingEvent['name'][] = ['typing', 'receipt.updated', 'presence'];

/** What is told to people who are here at the moment, has no place in a mailbox, and may be lost. */
export interface PassingEvent {
  readonly name: 'typing' | 'receipt.updated' | 'presence';
  /** The JSON of the frame's `data`, the same for everybody. */
  readonly data: Buffer;
  /** To connections of these, with `messages.read`; `presence` to those with `presence.read`. */
  readonly people: readonly number[];
}

/** A hint of so many bytes leaves, and the next events go in another: the bus carries none that is much larger (I9). */
const HINT_BYTES = 1_048_576;
const FOR_ALL = 0;
const OWN = 1;
/** The first byte of passing events counts from here: further than there will ever be durable ones. */
const PASSING = 128;

/**
 * Tells the other gateways of committed events: one publish for each gateway that holds somebody concerned, with the
 * event's bytes as they will be written and the mailboxes there that have it (I4: the store has them all the same).
 */
export function sendHints(
  peers: Pick<Peers, 'size' | 'holders' | 'doubtful' | 'hint'>,
  events: readonly DurableEvent[],
) {
  if (peers.size === 0) return;
  const doubtful = peers.doubtful();
  const hints = new Map<Peer, ByteWriter>();
  for (const event of events) {
    const concerned = new Map<Peer, DurableEvent['recipients']>();
    for (const peer of doubtful) concerned.set(peer, event.recipients);
    for (const recipient of event.recipients) {
      for (const peer of peers.holders(recipient.owner)) {
        const there = concerned.get(peer);
        if (!there) concerned.set(peer, [recipient]);
        else if (there !== event.recipients) there.push(recipient);
      }
    }
    for (const [peer, recipients] of concerned) {
      writeEvent(hintTo(hints, peer), event, recipients);
      sendIfFull(peers, hints, peer);
    }
  }
  for (const [peer, hint] of hints) peers.hint(peer, hint);
}

/** The same for what is passing: to where somebody concerned is known to be, and to nobody on suspicion. */
export function sendPassing(peers: Pick<Peers, 'size' | 'holders' | 'hint'>, events: readonly PassingEvent[]): void {
  if (peers.size === 0) return;
  const hints = new Map<Peer, ByteWriter>();
  for (const { name, data, people } of events) {
    const concerned = new Map<Peer, number[]>();
    for (const person of people) {
      for (const peer of peers.holders(person)) {
        const there = concerned.get(peer);
        if (there) there.push(person);
        else concerned.set(peer, [person]);
      }
    }
    for (const [peer, there] of concerned) {
      const hint = hintTo(hints, peer);
      hint.byte(PASSING + PASSING_NAMES.indexOf(name));
      hint.block(data);
      hint.varint(there.length);
      for (const person of there) hint.varint(person);
      sendIfFull(peers, hints, peer);
    }
  }
  for (const [peer, hint] of hints) peers.hint(peer, hint);
}

function hintTo(hints: Map<Peer, ByteWriter>, peer: Peer): ByteWriter {
  const hint = hints.get(peer) ?? new ByteWriter(512);
  hints.set(peer, hint);
  return hint;
}

function sendIfFull(peers: Pick<Peers, 'hint'>, hints: Map<Peer, ByteWriter>, peer: Peer): void {
  const hint = hints.get(peer);
  if (!hint || hint.length < HINT_BYTES) return;
  peers.hint(peer, hint);
  hints.delete(peer);
}

function writeEvent(hint: ByteWriter, event: DurableEvent, recipients: DurableEvent['recipients']): void {
  hint.byte(NAMES.indexOf(event.name));
  if (event.own) {
    hint.byte(OWN);
    hint.varint(event.own.person);
    hint.text(event.own.app);
    hint.text(event.own.clientId);
  } else hint.byte(FOR_ALL);
  hint.block(event.data);
  hint.varint(recipients.length);
  for (const { owner, seq } of recipients) {
    hint.varint(owner);
    hint.varint(seq);
  }
}

/** RangeError where the bytes are no hint. The events' data are views of the payload. */
export function readHint(payload: Buffer): (DurableEvent | PassingEvent)[] {
  const reader = new ByteReader(payload);
  const events: (DurableEvent | PassingEvent)[] = [];
  while (!reader.atEnd) {
    const kind = reader.byte();
    if (kind >= PASSING) {
      events.push(readPassing(reader, PASSING_NAMES[kind - PASSING]));
      continue;
    }
    const name = NAMES[kind];
    // A newer gateway tells of events that this one does not know: its store does not either.
    if (!name) throw new RangeError('An event of another version.');
    const own =
      reader.byte() === OWN ? { person: reader.varint(), app: reader.text(), clientId: reader.text() } : undefined;
    const data = reader.block();
    const recipients: DurableEvent['recipients'] = [];
    for (let left = reader.varint(); left > 0; left--)
      recipients.push({ owner: reader.varint(), seq: reader.varint() });
    events.push({ name, data, recipients, ...(own ? { own } : {}) });
  }
  return events;
}

function readPassing(reader: ByteReader, name: PassingEvent['name'] | undefined): PassingEvent {
  if (!name) throw new RangeError('A passing event of another version.');
  const data = reader.block();
  const people: number[] = [];
  for (let left = reader.varint(); left > 0; left--) people.push(reader.varint());
  return { name, data, people };
}
