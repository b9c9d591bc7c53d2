import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { By, Command, ConversationModel, Place } from './conversation-model.js';
import { latest, otherOf, type Person } from './conversation-seen.js';
import type { Fate } from './lossy-network.js';

/** What is asked for, by numbers that mean something only when it is done: the conversations there are by then. */
export interface Wish {
  readonly device: number;
  readonly what: (typeof COMMANDS)[number];
  readonly numbers: readonly [number, number, number];
}

export type Step =
  | { do: 'ask'; wish: Wish; isCut: boolean }
  | { do: 'ask at once' | 'ask in turn'; wishes: Wish[] }
  | { do: 'look'; device: number; limit: number }
  | { do: 'cut' | 'pause'; device: number }
  | { do: 'connect'; device: number; gateway: number; isAnew: boolean }
  | { do: 'network'; fates: Fate[] }
  | { do: 'restart'; gateway: number; isKilled: boolean };

/** As often as they are here. */
const COMMANDS = [
  ...['send', 'send', 'send', 'send', 'send', 'reply', 'send to', 'send to', 'long send', 'again', 'again'],
  ...['create', 'create group', 'add', 'add', 'remove', 'remove', 'leave', 'rename', 'change all'],
  ...[
    'edit',
    'edit',
    'delete',
    'react',
    'react',
    'unreact',
    'read',
    'read',
    'ack',
    'ack',
    'ack',
    'block',
    'unblock',
    'contacts',
  ],
] as const;
const EMOJIS = ['👍', '❤️', '🎵'];
const LONG = '🎵'.repeat(4_000);
/** As many devices come first that are of one person each, in the order of people. */
const PEOPLE = 5;
/** The number of a wish to read that is of everything there is. */
const WHOLE = 4;

const number = fc.nat(999);

export function stepsOf(devices: number, gateways: number): fc.Arbitrary<Step[]> {
  const device = fc.nat(devices - 1);
  const gateway = fc.nat(gateways - 1);
  const wish = fc.record({ device, what: fc.constantFrom(...COMMANDS), numbers: fc.tuple(number, number, number) });
  const fates = fc.array(fc.constantFrom<Fate>('arrives', 'arrives', 'lost', 'twice', 'late'), {
    minLength: 1,
    maxLength: 8,
  });
  const step = <T extends Step>(weight: number, arbitrary: { [K in keyof T]: fc.Arbitrary<T[K]> }) => ({
    weight,
    arbitrary: fc.record(arbitrary) as unknown as fc.Arbitrary<Step>,
  });
  const isCut = fc.integer({ min: 0, max: 9 }).map((n) => n === 9);
  return fc.array(
    fc.oneof(
      step<Extract<Step, { do: 'ask' }>>(30, { do: fc.constant('ask'), wish, isCut }),
      step<Extract<Step, { do: 'ask at once' | 'ask in turn' }>>(2, {
        do: fc.constant('ask at once'),
        wishes: fc.array(wish, { minLength: 2, maxLength: 5 }),
      }),
      step<Extract<Step, { do: 'ask at once' | 'ask in turn' }>>(2, {
        do: fc.constant('ask in turn'),
        wishes: parting,
      }),
      step<Extract<Step, { do: 'look' }>>(3, {
        do: fc.constant('look'),
        device,
        limit: fc.integer({ min: 1, max: 5 }),
      }),
      step<Extract<Step, { do: 'cut' | 'pause' }>>(3, { do: fc.constantFrom('cut', 'pause'), device }),
      step<Extract<Step, { do: 'connect' }>>(3, { do: fc.constant('connect'), device, gateway, isAnew: isCut }),
      step<Extract<Step, { do: 'network' }>>(1, { do: fc.constant('network'), fates }),
      step<Extract<Step, { do: 'network' }>>(1, { do: fc.constant('network'), fates: fc.constant<Fate[]>(['lost']) }),
      step<Extract<Step, { do: 'restart' }>>(1, { do: fc.constant('restart'), gateway, isKilled: fc.boolean() }),
    ),
    { minLength: 40, maxLength: 90, size: 'max' },
  );
}

/**
 * Somebody writes to somebody, one of the two blocks the other, and what was written is read, or stored by the other's
 * device: nobody may be told of it. Of itself this would hardly ever come about. The first devices are of one person each.
 */
const parting: fc.Arbitrary<Wish[]> = fc
  .record({
    writer: fc.nat(PEOPLE - 1),
    by: fc.integer({ min: 1, max: PEOPLE - 1 }),
    isReader: fc.boolean(),
    isRead: fc.boolean(),
  })
  .map(({ writer, by, isReader, isRead }) => {
    const reader = (writer + by) % PEOPLE;
    const [blocks, blocked] = isReader ? [reader, writer] : [writer, reader];
    return [
      { device: writer, what: 'send to', numbers: [0, reader, 0] },
      { device: blocks, what: 'block', numbers: [0, blocked, 0] },
      isRead
        ? { device: reader, what: 'read', numbers: [0, WHOLE, 0] }
        : { device: reader, what: 'ack', numbers: [0, 0, 0] },
    ];
  });

/** Makes commands of wishes. */
export class Wishes {
  /** What was sent and made before, to be asked for again. */
  private readonly asked: { by: By; command: Extract<Command, { clientId: string }> }[] = [];
  private count = 0;

  constructor(
    private readonly people: readonly Person[],
    /** A conversation that is not for playing with. */
    private readonly apart: string,
  ) {}

  /** Undefined where there is nothing yet to be done that to. */
  command(model: ConversationModel, by: By, { what, numbers }: Wish): Command | undefined {
    const [first, second, third] = numbers;
    const isOfDirect = what === 'read' && third % 2 === 0;
    const apart = isOfDirect ? unreadApart(model, by.person, first) : undefined;
    const conversation = apart ?? conversationFor(model, by.person, first, this.apart, isOfDirect);
    const person = pick(this.people, second)!;
    const others = this.people.filter((_, n) => (second >> n) & 1);
    const clientId = randomUUID();
    const text = `${++this.count}`;
    if (what === 'create') return this.repeatable(by, { do: 'create', members: [person], clientId });
    if (what === 'create group') return this.repeatable(by, { do: 'create', members: others, title: text, clientId });
    if (what === 'send to') return this.repeatable(by, { do: 'send to', to: person, text, clientId });
    if (what === 'again') return this.again(by, numbers);
    if (what === 'contacts')
      return {
        do: 'contacts',
        contacts: this.people.filter((each) => each !== by.person && (each !== person || third % 2 === 0)),
      };
    const { blocksOf } = { blocksOf: model.blocksOf(by.person) };
    if (what === 'block')
      return {
        do: 'blocks',
        blocks: this.people.filter((each) => each !== by.person && (each === person || blocksOf.includes(each))),
      };
    if (what === 'unblock') return { do: 'blocks', blocks: blocksOf.slice(1) };
    if (conversation === undefined) return undefined;
    const there = model.conversations.get(conversation)!;
    const members = there.memberships.map((each) => each.person);
    const last = there.messages.length;
    switch (what) {
      case 'send':
      case 'long send':
        return this.repeatable(by, {
          do: 'send',
          conversation,
          text: what === 'send' ? text : text + LONG.slice(8),
          clientId,
        });
      case 'reply':
        return this.repeatable(by, {
          do: 'send',
          conversation,
          text,
          clientId,
          replyTo: messageIn(model, conversation, second),
        });
      case 'add':
        return { do: 'update', conversation, add: [person] };
      case 'remove':
        return { do: 'update', conversation, remove: [pick(members, second)!] };
      case 'leave':
        return { do: 'update', conversation, remove: [by.person] };
      case 'rename':
        return { do: 'update', conversation, title: third % 2 === 0 ? text : 'The same' };
      case 'change all': {
        const remove = [...new Set(members.filter((_, n) => (third >> n) & 1))];
        const add = others.filter((each) => !remove.includes(each));
        return {
          ...{ do: 'update', conversation, title: text },
          ...(add.length > 0 ? { add } : {}),
          ...(remove.length > 0 ? { remove } : {}),
        };
      }
      case 'read':
        return { do: 'read', conversation, upTo: Math.max(1, last - (second % 4) + (second % 11 === 0 ? 4 : 0)) };
    }
    const message = messageIn(model, conversation, second, third % 3 > 0 ? by.person : undefined);
    if (!message) return undefined;
    const emoji = pick(EMOJIS, third)!;
    switch (what) {
      case 'edit':
        return { do: 'edit', message, text: third % 5 === 0 ? 'The same' : text };
      case 'delete':
        return { do: 'delete', message };
      case 'react':
      case 'unreact':
        return { do: what, message, emoji };
    }
  }

  private repeatable<T extends Extract<Command, { clientId: string }>>(by: By, command: T): T {
    this.asked.push({ by, command });
    return command;
  }

  /** Through this app or another, in other letters, or with other content under the same client id. */
  private again(by: By, [first, second, third]: readonly [number, number, number]): Command | undefined {
    const mine = this.asked.filter((each) => each.by.person === by.person);
    const command = mine.at(-1 - (first % 4))?.command;
    if (!command) return undefined;
    const clientId = second % 4 === 0 ? command.clientId.toUpperCase() : command.clientId;
    if (third % 4 > 0) return { ...command, clientId };
    return command.do === 'create'
      ? { ...command, clientId, members: [...this.people] }
      : { ...command, clientId, text: 'Other words' };
  }
}

/** Most often one that they are in or were in; the latest more often than others. */
function conversationFor(
  model: ConversationModel,
  person: Person,
  number: number,
  apart: string,
  isDirect: boolean,
): string | undefined {
  const isMeant = (id: string) => id !== apart && (!isDirect || id.startsWith('direct'));
  const all = [...model.conversations.keys()].filter(isMeant);
  const known = model.conversationsOf(person).filter(isMeant);
  const now = known.filter((id) => latest(model.conversations.get(id)!, person)!.left === undefined);
  return pick(number % 10 === 0 ? all : number % 5 === 0 ? known : now, number >> 2);
}

/** A direct conversation of somebody's with somebody they have parted from, in which there is something to read. */
function unreadApart(model: ConversationModel, person: Person, number: number): string | undefined {
  const isUnreadApart = (id: string) => {
    const there = model.conversations.get(id)!;
    const [other] = otherOf(id, person);
    const isUnread = latest(there, person)!.readUpTo < there.messages.length;
    return other !== undefined && isUnread && model.areApart(person, other);
  };
  return pick(model.conversationsOf(person).filter(isUnreadApart), number);
}

function messageIn(model: ConversationModel, conversation: string, number: number, from?: Person): Place | undefined {
  const places = model.conversations
    .get(conversation)!
    .messages.flatMap((message, n) =>
      from === undefined || message.from === from ? [{ conversation, position: n + 1 }] : [],
    );
  return places.at(-1 - (number % 6)) ?? places[0];
}

function pick<T>(from: readonly T[], number: number): T | undefined {
  return from[number % from.length];
}
