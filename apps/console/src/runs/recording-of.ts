import type { Entry, Side, WireFrame } from '../wire/entry.js';
import { SIDES } from '../wire/entry.js';
import {
  isObject,
  type KnownConversation,
  RECORDING_FORMAT,
  RECORDING_LIMITS,
  type RecordedPerson,
  type Recording,
  type Template,
} from './recording.js';
import { type Draft, withRetriesAnswered } from './retries.js';

/** A conversation as its members know it. */
export interface Talk {
  readonly id: string;
  readonly kind: 'direct' | 'group';
  readonly title?: string | undefined;
  readonly members: readonly { readonly id: string }[];
}

export interface Recorded {
  readonly name: string;
  readonly people: Readonly<Record<Side, RecordedPerson>>;
  /** Who was connected when it began. */
  readonly connected: Readonly<Record<Side, boolean>>;
  /** All that are known, for what the steps say of those that were there before. */
  readonly talks: readonly Talk[];
  /** From the beginning to the end. */
  readonly entries: readonly Entry[];
}

/** What the SDK numbers itself. Anything else was written by the tester. */
const OF_SDK = /^c-\d+(?:-again)?$/;
/** What the SDK sends because somebody wanted it; the rest of what it sends is its own routine, and what the chat looks at. */
const WANTED = new Set([
  'message.send',
  'message.edit',
  'message.delete',
  'reaction.add',
  'reaction.remove',
  'conversation.create',
  'conversation.update',
  'recommendation.send',
  'session.close',
]);
/** What tells of routine: it is recorded only where the tester caused it by hand. */
const BY_THE_WAY = new Set(['receipt.updated', 'typing', 'presence', 'session.expiring', 'mailbox.live']);
/** What these commands answer is the whole world, which is another one elsewhere. */
const OF_THE_BEGINNING = new Set(['hello', 'mailbox.live', 'mailbox.reset']);
/** Closes that come of what a client does, and so come again. */
const REPEATABLE = new Set([4400, 4408, 1009, 1007]);
const TOKEN = /eyJ[\w-]{8,}\.[\w-]*\.[\w-]*/g;

export function recordingOf(recorded: Recorded): Recording {
  const writer = new Writer(recorded);
  for (const entry of recorded.entries) writer.take(entry);
  const { name, people } = recorded;
  const steps = withRetriesAnswered(writer.steps).slice(0, RECORDING_LIMITS.steps);
  return { format: RECORDING_FORMAT, version: 1, name, people, conversations: writer.conversations, steps };
}

class Writer {
  readonly steps: Draft[] = [];
  readonly conversations: KnownConversation[] = [];
  readonly #symbols = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #sent = new Map<string, { readonly number: number; readonly command: string }>();
  /** Whose connection's end somebody has told already. */
  readonly #ending = new Set<string>();
  readonly #closing = new Set<Side>();
  /** By side: the last `seq`, so that what came on two connections is recorded once. */
  readonly #lastSeq: Partial<Record<Side, number>> = {};
  readonly #isOpen: Record<Side, boolean>;
  readonly #hasBeenOpen: Record<Side, boolean>;
  /** What the tester marked as read by hand, and for whom they typed. */
  readonly #causes = new Set<string>();
  /** That there is none is worth a word only where one was taken away. */
  #isOfReactions = false;
  #breaksToken: Partial<Record<Side, boolean>> = {};

  /** By the numbers of the commands: the code of the error that they were answered with. */
  readonly #refusals: ReadonlyMap<number | undefined, unknown>;

  constructor(private readonly recorded: Recorded) {
    const refused = recorded.entries.filter(({ kind, event }) => kind === 'received' && event === 'error');
    this.#refusals = new Map(refused.map(({ answers, frame }) => [answers?.entry, codeOf(frame)]));
    this.#isOpen = { ...recorded.connected };
    this.#hasBeenOpen = { left: true, right: true };
    for (const side of SIDES) {
      this.#symbols.set(`id ${recorded.people[side].id}`, side);
      const opens = recorded.entries.some(({ side: of, event }) => of === side && event === 'session.open');
      if (!recorded.connected[side] && !opens) continue;
      this.steps.push({ kind: 'open', side, resume: false });
      // Who was away then has been there before: that is where they go on.
      if (!recorded.connected[side]) this.steps.push({ kind: 'drop', side, why: 'away' });
    }
  }

  take(entry: Entry): void {
    const { kind } = entry;
    if (kind === 'note') this.#note(entry);
    else if (kind === 'closed') this.#closed(entry);
    else if (kind === 'sent') this.#send(entry);
    else if (kind === 'received' && entry.frame) this.#received(entry, entry.frame);
  }

  #note({ side, event, text }: Entry): void {
    if (event === 'token') this.#breaksToken[side] = true;
    if (event === 'close') this.#closing.add(side);
    if (event === 'drop') this.#drop(side, 'dropped');
    if (event === 'network' && text.includes('taken')) this.#drop(side, 'offline');
  }

  #drop(side: Side, why: 'dropped' | 'offline'): void {
    if (!this.#isOpen[side]) return;
    this.#isOpen[side] = false;
    this.steps.push({ kind: 'drop', side, why });
  }

  #closed({ side, close }: Entry): void {
    if (!close) return;
    // What comes of it that no session was opened comes of that again.
    if (REPEATABLE.has(close.code)) this.#isConnected(side);
    // A try that came to nothing, or the end of what was dropped.
    if (!this.#isOpen[side]) return;
    this.#isOpen[side] = false;
    const { code, reason } = close;
    const isOurs = this.#ending.delete(side);
    const isByTester = this.#closing.delete(side);
    if (code === 1006) this.steps.push({ kind: 'drop', side, why: 'dropped' });
    else if (isByTester || code === 1000 || code === 1005)
      this.steps.push({ kind: 'close', side, code: code === 1005 ? 1000 : code, reason });
    else {
      const isOff = !isOurs && !REPEATABLE.has(code);
      this.steps.push({ kind: 'closed', side, code, reason, ...(isOff ? { isOff } : {}) });
    }
  }

  /** On a connection that no session was opened on, if not on another. */
  #isConnected(side: Side): void {
    if (this.#isOpen[side]) return;
    this.#isOpen[side] = true;
    this.steps.push({ kind: 'open', side, resume: false, isUnopened: true });
  }

  #send(entry: Entry): void {
    const { side, frame, text } = entry;
    if (frame?.event !== 'session.open') this.#isConnected(side);
    if (!frame || typeof frame.id !== 'string' || !isObject(frame.data)) {
      this.steps.push({ kind: 'raw', side, text: withoutTokens(text) });
      return;
    }
    const { event: command, id, data } = frame;
    if (command === 'session.open') this.#open(entry, data);
    if (command.startsWith('session.') && command !== 'session.close') return;
    if (OF_SDK.test(id) && !WANTED.has(command)) return;
    if (command === 'session.close') this.#ending.add(side);
    const number = this.steps.length + 1;
    this.#sent.set(keyOf(entry, id), { number, command });
    if (command === 'conversation.read') this.#causes.add(`read ${side} ${data.upTo}`);
    if (command === 'typing.start' || command === 'typing.stop')
      this.#causes.add(`typing ${this.recorded.people[side].id} ${command === 'typing.start'}`);
    const of = { clientId: typeof data.clientId === 'string' ? data.clientId : undefined };
    const isFound = this.#refusals.get(entry.number) !== 'not_found';
    this.steps.push({ kind: 'send', side, number, command, data: this.#commandOf(command, data, isFound), of });
  }

  #open({ side, number }: Entry, { resume }: { readonly [key: string]: Template }): void {
    // By the tester, or because it had run out: any broken one is refused as it was.
    const isTokenBroken = this.#breaksToken[side] === true || this.#refusals.get(number) === 'unauthenticated';
    this.#breaksToken[side] = false;
    if (isTokenBroken) this.#ending.add(side);
    this.#isOpen[side] = true;
    const goesOn = resume !== undefined && this.#hasBeenOpen[side];
    this.steps.push({ kind: 'open', side, resume: goesOn, ...(isTokenBroken ? { isTokenBroken } : {}) });
  }

  #received(entry: Entry, frame: WireFrame): void {
    const { side } = entry;
    const { event, id, seq } = frame;
    const data = (isObject(frame.data) ? frame.data : {}) as { readonly [key: string]: Template };
    if (id !== undefined && (event === 'ok' || event === 'error')) {
      const sent = this.#sent.get(keyOf(entry, id));
      if (!sent) return;
      const { number: to, command } = sent;
      this.#isOfReactions = command.startsWith('reaction.');
      const message = event === 'ok' ? idOf(data.message) : undefined;
      this.steps.push({ kind: 'reply', side, to, command, event, data: this.#expectedOf(data), of: { message } });
      return;
    }
    if (OF_THE_BEGINNING.has(event)) return;
    if (seq !== undefined) {
      if (seq <= (this.#lastSeq[side] ?? 0)) return;
      this.#lastSeq[side] = seq;
    }
    if (BY_THE_WAY.has(event) && !this.#isCaused(event, data)) return;
    // What other people did, and what ended by itself, nobody does again.
    const isOff = event === 'grant.changed' || event === 'going_away';
    const of = { message: event === 'message.created' ? idOf(data.message) : undefined };
    this.#isOfReactions = event === 'message.reacted';
    const expected = this.#expectedOf(data);
    const isDurable = seq !== undefined;
    this.steps.push({ kind: 'event', side, event, isDurable, data: expected, of, ...(isOff ? { isOff } : {}) });
  }

  #isCaused(event: string, { person, readUpTo, active }: { readonly [key: string]: Template }): boolean {
    if (event === 'typing') return this.#causes.has(`typing ${person} ${active}`);
    if (event !== 'receipt.updated' || readUpTo === undefined) return false;
    const reader = SIDES.find((side) => this.recorded.people[side].id === person);
    return reader !== undefined && this.#causes.has(`read ${reader} ${readUpTo}`);
  }

  /** What is sent: ids by their names, of what was not found by one that is nothing’s, and what the tester wrote as it is. */
  #commandOf(command: string, data: { readonly [key: string]: Template }, isFound: boolean): Template {
    const conversation = typeof data.conversation === 'string' ? data.conversation : undefined;
    if (conversation !== undefined && !this.#symbols.has(`id ${conversation}`)) this.#known(conversation);
    const entries = Object.entries(data).map(([key, value]): [string, Template] => {
      if (key === 'clientId' && typeof value === 'string') return [key, this.#symbol(`id ${value}`, 'clientId')];
      if (command === 'mailbox.ack' && key === 'seq') return [key, { $: 'lastSeq' }];
      if ((key === 'upTo' || key === 'before') && typeof value === 'number')
        return [key, this.#nameOf(positionKey(conversation, value)) ?? value];
      const kind = OF_SERVER.get(key);
      if (kind !== undefined && typeof value === 'string' && UUID.test(value))
        return [key, this.#symbol(`id ${value}`, isFound ? kind : 'nothing')];
      return [key, this.#named(value, key)];
    });
    return Object.fromEntries(entries);
  }

  #named(value: Template, key: string): Template {
    if (typeof value === 'string') {
      if (WORDS.has(key)) return withoutTokens(value);
      return this.#nameOf(`id ${value}`) ?? withoutTokens(value);
    }
    if (Array.isArray(value)) return value.map((each: Template) => this.#named(each, key));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.#named(each, name)]));
  }

  /** What is expected: of all that came, what is the same whenever and wherever it is done again. */
  #expectedOf(data: { readonly [key: string]: Template }, around?: string): Template {
    const conversation = typeof data.conversation === 'string' ? data.conversation : around;
    if (typeof data.code === 'string' && typeof data.retryable === 'boolean') return { code: data.code };
    const expected: { [key: string]: Template } = {};
    for (const [key, value] of Object.entries(data)) {
      if (key === 'id' && typeof value === 'string') {
        const isMessage = 'conversation' in data;
        const isTalk = 'kind' in data && !isMessage;
        const kind = isMessage ? 'message' : isTalk ? 'conversation' : undefined;
        expected.id = kind ? this.#symbol(`id ${value}`, kind) : (this.#nameOf(`id ${value}`) ?? value);
      } else if (POSITIONS.has(key) && typeof value === 'number' && conversation !== undefined)
        expected[key] = this.#symbol(positionKey(conversation, value), 'position');
      else if (key === 'clientId' && typeof value === 'string')
        expected.clientId = this.#nameOf(`id ${value}`) ?? { $any: 'string' };
      else if (key === 'editedAt' || key === 'deletedAt') expected[key] = { $any: 'string' };
      else if (key === 'conversation' && typeof value === 'string') expected.conversation = this.#talk(value);
      else if (key === 'messages' && Array.isArray(value)) expected.messages = { $has: this.#knownOf(value) };
      else if (key === 'message' && typeof value === 'string')
        expected.message = this.#symbol(`id ${value}`, 'message');
      else if (AS_IT_IS.has(key)) expected[key] = this.#named(value, key);
      else if (WITHIN.has(key) && isObject(value)) expected[key] = this.#expectedOf(value, conversation);
      else if (key === 'reactions' && Array.isArray(value) && value.length === 0 && !this.#isOfReactions) continue;
      else if (WITHIN.has(key) && Array.isArray(value))
        expected[key] = value.map((each: Template) => (isObject(each) ? this.#expectedOf(each) : each));
    }
    return expected;
  }

  /** Of a page of messages, those that were written within the recording. */
  #knownOf(messages: readonly Template[]): Template {
    return messages.flatMap((message) =>
      isObject(message) && this.#symbols.has(`id ${message.id}`) ? [this.#expectedOf(message)] : [],
    );
  }

  #talk(id: string): Template {
    if (!this.#symbols.has(`id ${id}`) && this.recorded.talks.some((talk) => talk.id === id)) this.#known(id);
    return this.#symbol(`id ${id}`, 'conversation');
  }

  /** It was there before: what it is, so that it is found elsewhere. */
  #known(id: string): void {
    const talk = this.recorded.talks.find((each) => each.id === id);
    if (!talk) return;
    const { $: symbol } = this.#symbol(`id ${id}`, 'conversation');
    const members = talk.members.map((member) => this.#named(member.id, 'member'));
    const title = talk.title === undefined ? {} : { title: talk.title };
    this.conversations.push({ symbol, kind: talk.kind, ...title, members });
  }

  #nameOf(key: string): { readonly $: string } | undefined {
    const symbol = this.#symbols.get(key);
    return symbol === undefined ? undefined : { $: symbol };
  }

  #symbol(key: string, kind: string): { readonly $: string } {
    const known = this.#nameOf(key);
    if (known) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    this.#symbols.set(key, `${kind}${count}`);
    return { $: `${kind}${count}` };
  }
}

/** Ids that the server made, and what they are of: that was there before, where nothing before says what it is. */
const OF_SERVER: ReadonlyMap<string, string> = new Map([
  ['conversation', 'conversation'],
  ['message', 'message'],
  ['replyTo', 'message'],
]);
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** Never taken for an id, whatever is in them. */
const WORDS = new Set(['text', 'title', 'note', 'emoji', 'name', 'url', 'kind', 'code']);
const POSITIONS = new Set(['position', 'readUpTo', 'deliveredUpTo']);
/** Of the rest, such as times, names and counts of what is unread, nothing is expected. */
const AS_IT_IS = new Set([
  'active',
  'count',
  'duplicate',
  'emoji',
  'kind',
  'memberCount',
  'note',
  'online',
  'people',
  'person',
  'replyTo',
  'scopes',
  'text',
  'title',
  'to',
]);
const WITHIN = new Set(['message', 'conversation', 'from', 'reactions', 'sent']);

const positionKey = (conversation: string | undefined, position: number) => `position ${conversation} ${position}`;
const keyOf = ({ side, connection }: Entry, id: string) => `${side} ${connection} ${id}`;
const withoutTokens = (text: string) => text.replaceAll(TOKEN, '{{token}}');

const codeOf = (frame: WireFrame | undefined) => (frame?.data as { code?: unknown } | undefined)?.code;

function idOf(message: Template | undefined): string | undefined {
  return isObject(message) && typeof message.id === 'string' ? message.id : undefined;
}
