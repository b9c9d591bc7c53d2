import { randomUUID } from 'node:crypto';
import { People } from '@drawbridge/people';
import { SCOPES, type Scope } from '@drawbridge/protocol';
import { type BridgeClient, CodedError } from '@drawbridge/testing';
import { CommandTable } from '../../src/gateway/command-table.js';
import { GatewayHarness, type Name, type SignedIn, send } from './gateway-harness.js';

/** What somebody is to a conversation. The message they try is one that they have not, but for a member. */
const RELATIONS = ['member', 'former', 'joiner', 'stranger', 'blocked', 'nothing'] as const;
type Relation = (typeof RELATIONS)[number];
/** What somebody else is to the person who names them. */
const OTHERS = ['contact', 'stranger', 'blocker', 'nobody'] as const;
type Other = (typeof OTHERS)[number];

interface Subject {
  readonly conversation: string;
  readonly message: string;
  /** A message of theirs that may be deleted again and again. */
  readonly doomed: string;
}

interface Row {
  readonly scope?: Scope;
  readonly data: (subject: Subject) => object;
  readonly code: (relation: Relation) => string;
}

interface OtherRow {
  readonly scope: Scope;
  readonly data: (other: string) => object;
  readonly code: (other: Other) => string;
}

// The model: what each relation is good for.
const READS: ReadonlySet<Relation> = new Set(['member', 'former', 'joiner', 'blocked']);
const WRITES: ReadonlySet<Relation> = new Set(['member', 'joiner']);
const always = () => 'ok';
const whoReads = (relation: Relation) => (READS.has(relation) ? 'ok' : 'not_found');
const whoWrites = (relation: Relation) => (WRITES.has(relation) ? 'ok' : 'not_found');
/** Two people's conversation has nothing that one of them could change. */
const whoChanges = (relation: Relation) => (relation === 'blocked' ? 'invalid_data' : whoWrites(relation));
const whoHasIt = (relation: Relation) => (relation === 'member' ? 'ok' : 'not_found');
/** Who was blocked adds nothing, and takes back what was added before. */
const whoTakesBack = (relation: Relation) => (relation === 'blocked' ? 'ok' : whoHasIt(relation));
const contactsOnly = (other: Other) => (other === 'contact' ? 'ok' : 'not_found');

const nothing = () => ({});
const inConversation = ({ conversation }: Subject) => ({ conversation });
const read = { scope: 'messages.read', code: whoReads } as const;
const write = { scope: 'messages.send', code: whoWrites } as const;
const change = { scope: 'messages.send', code: whoHasIt } as const;
const TITLE = { kind: 'film', id: 'f-1', name: 'The Bridge', url: 'https://films.example/f-1' };

const ROWS: Readonly<Record<string, Row>> = {
  ping: { data: nothing, code: always },
  'session.open': { data: nothing, code: () => 'already_open' },
  'session.refresh': { data: nothing, code: () => 'unauthenticated' },
  'conversation.list': { scope: 'messages.read', data: nothing, code: always },
  'conversation.get': { ...read, data: inConversation },
  'conversation.members': { ...read, data: inConversation },
  'conversation.history': { ...read, data: inConversation },
  'conversation.read': { ...read, data: ({ conversation }) => ({ conversation, upTo: 1 }) },
  'conversation.update': {
    scope: 'messages.send',
    data: ({ conversation }) => ({ conversation, title: 'Films' }),
    code: whoChanges,
  },
  'message.send': { ...write, data: ({ conversation }) => ({ conversation, text: 'x', clientId: randomUUID() }) },
  'message.edit': { ...change, data: ({ message }) => ({ message, text: 'changed' }) },
  'message.delete': { ...change, data: ({ doomed }) => ({ message: doomed }) },
  'reaction.add': { ...change, data: ({ message }) => ({ message, emoji: '🎬' }) },
  'reaction.remove': { scope: 'messages.send', data: ({ message }) => ({ message, emoji: '🎬' }), code: whoTakesBack },
  'typing.start': { ...write, data: inConversation },
  'typing.stop': { ...write, data: inConversation },
  'mailbox.ack': { scope: 'messages.read', data: () => ({ seq: 0 }), code: always },
  'contacts.list': { scope: 'contacts.read', data: nothing, code: always },
  'presence.list': { scope: 'presence.read', data: nothing, code: always },
  'activity.list': { scope: 'public.read', data: nothing, code: always },
};

const OTHER_ROWS: Readonly<Record<string, OtherRow>> = {
  'message.send': {
    scope: 'messages.send',
    data: (to) => ({ to, text: 'x', clientId: randomUUID() }),
    code: contactsOnly,
  },
  'conversation.create': {
    scope: 'messages.send',
    data: (other) => ({ members: [other], clientId: randomUUID() }),
    code: contactsOnly,
  },
  'recommendation.send': {
    scope: 'recommendations.send',
    data: (to) => ({ to: [to], title: TITLE, clientId: randomUUID() }),
    code: always,
  },
};

/** Each by itself, all, and all but one: a scope that lets through what another one is for is found by one of them. */
const SCOPE_SETS: readonly (readonly Scope[])[] = [
  SCOPES,
  ...SCOPES.map((scope) => [scope]),
  ...SCOPES.map((scope) => SCOPES.filter((other) => other !== scope)),
];

const TO_READ =
  /"(seq|prev|head|mailbox|asOf|text|position|lastMessage|unread|readUpTo|reactions|members|memberCount|receipts|title|updatedAt)":/;
const TIMED = 40;
const TRIES = 5;

const median = (times: readonly number[]) => times.toSorted((a, b) => a - b)[times.length >> 1]!;

interface Answer {
  readonly code: string;
  /** Of an error. */
  readonly data?: Record<string, unknown>;
}

async function ask(client: BridgeClient, event: string, data: object): Promise<Answer> {
  try {
    await client.request(event, data);
    return { code: 'ok' };
  } catch (error) {
    if (error instanceof CodedError) return { code: error.code, data: error.data };
    throw error;
  }
}

describe('Who may do what: every command, with every scope and without it, whatever somebody is to it (I1)', () => {
  let bridge: GatewayHarness;
  let subjects: Record<Relation, Subject & { who: Name }>;
  const others: Record<Other, string> = {
    contact: 'carol',
    stranger: 'erin',
    blocker: 'dave',
    nobody: 'no-such-person',
  };
  const wrong: string[] = [];
  const notFound = new Set<string>();

  beforeAll(async () => {
    bridge = await GatewayHarness.start('postgres');
    const [alice, dave] = [await bridge.client('alice'), await bridge.client('dave')];
    const request = <T>(event: string, data: object) => alice.client.request<T>(event, data);
    const say = async ({ client }: SignedIn, where: string) => (await send(client, where, 'x')).message.id;
    const { conversation } = await request<{ conversation: { id: string } }>('conversation.create', {
      members: ['bob', 'carol'],
      clientId: randomUUID(),
    });
    const group = conversation.id;
    // Carol comes back after the first message; Bob goes before the last one.
    await request('conversation.update', { conversation: group, remove: ['carol'] });
    const made = await request<{ conversation: { id: string } }>('conversation.create', {
      members: ['bob', 'dave'],
      title: 'Later',
      clientId: randomUUID(),
    });
    const later = made.conversation.id;
    const before = await say(alice, later);
    await request('conversation.update', { conversation: later, add: ['carol'], remove: ['dave'] });
    const own = await say(alice, group);
    const doomed = await say(alice, group);
    await request('conversation.update', { conversation: group, remove: ['bob'] });
    const after = await say(alice, group);
    const direct = await bridge.direct(alice.client, 'dave');
    const daves = await say(dave, direct);
    const people = new People(bridge.database);
    await people.put({ id: others.stranger, handle: others.stranger, name: 'Erin' });
    await people.setBlocks('dave', ['alice']);
    const none = randomUUID();
    subjects = {
      member: { who: 'alice', conversation: group, message: own, doomed },
      former: { who: 'bob', conversation: group, message: after, doomed: after },
      joiner: { who: 'carol', conversation: later, message: before, doomed: before },
      stranger: { who: 'dave', conversation: group, message: own, doomed },
      blocked: { who: 'alice', conversation: direct, message: daves, doomed: daves },
      nothing: { who: 'bob', conversation: none, message: none, doomed: none },
    };
    await Promise.all([alice, dave].map(({ client }) => client.close()));
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  /** A grant of nothing but the name is not made, but a token may be. */
  async function signedIn(who: Name, scopes: readonly Scope[]): Promise<SignedIn> {
    if (scopes.some((scope) => scope !== 'profile')) return bridge.client(who, { scopes });
    const grant = await bridge.grant(who);
    const token = await bridge.token(who, grant, { scopes });
    const client = await bridge.connect();
    return { client, grant, token, session: await client.open(token) };
  }

  function compare(what: string, answer: Answer, expected: string, scope: Scope | undefined): void {
    const { code, data } = answer;
    if (code !== expected) wrong.push(`${what}: ${code}, not ${expected}`);
    if (code === 'scope_missing' && data?.scope !== scope) wrong.push(`${what}: says that ${data?.scope} is missing`);
    if (code === 'not_found') notFound.add(JSON.stringify(data));
  }

  test('the model has a row for each command that the gateway takes', () => {
    const commands = bridge.app
      .get(CommandTable)
      .rules()
      .map(({ event }) => event);
    const without = commands.filter((event) => !(event in ROWS) && !(event in OTHER_ROWS));
    // It ends what the others need.
    expect(without).toEqual(['session.close']);
  });

  test('each is answered as the model says, and where its scope is missing, that is all that is said', async () => {
    const taken = new Set(
      bridge.app
        .get(CommandTable)
        .rules()
        .map(({ event }) => event),
    );
    for (const scopes of SCOPE_SETS) {
      const clients = new Map<Name, SignedIn>();
      for (const who of ['alice', 'bob', 'carol', 'dave'] as const) clients.set(who, await signedIn(who, scopes));
      const expecting = (scope: Scope | undefined, code: string) =>
        scope === undefined || scopes.includes(scope) ? code : 'scope_missing';
      const byRelation = RELATIONS.map(async (relation) => {
        const { who, ...subject } = subjects[relation];
        for (const [event, { scope, data, code }] of Object.entries(ROWS)) {
          if (!taken.has(event)) continue;
          const answer = await ask(clients.get(who)!.client, event, data(subject));
          const expected = expecting(scope, code(relation));
          compare(`${event} by a ${relation} with ${scopes}`, answer, expected, scope);
        }
      });
      const byOther = OTHERS.map(async (other) => {
        for (const [event, { scope, data, code }] of Object.entries(OTHER_ROWS)) {
          const answer = await ask(clients.get('alice')!.client, event, data(others[other]));
          compare(`${event} to a ${other} with ${scopes}`, answer, expecting(scope, code(other)), scope);
        }
      });
      await Promise.all([...byRelation, ...byOther]);
      for (const { client } of clients.values()) {
        expect(client.problems).toEqual([]);
        if (!scopes.includes('messages.read')) {
          const shown = client.frames.map((frame) => JSON.stringify({ ...frame, at: undefined }));
          expect(shown.filter((text) => TO_READ.test(text))).toEqual([]);
        }
        expect((await ask(client, 'session.close', {})).code).toBe('ok');
        expect(await client.closed).toEqual({ code: 4403, reason: 'signed_out' });
      }
    }
    expect(wrong).toEqual([]);
  });

  test('what is none of somebody’s business is answered byte for byte as what does not exist', () => {
    expect([...notFound]).toHaveLength(1);
  });

  test.each([
    'conversation.get',
    'conversation.history',
    'message.send',
    'message.edit',
    'reaction.add',
    'typing.start',
  ])('%s takes as long for what is there as for what does not exist', async (event) => {
    const { client } = await bridge.client('dave');
    const medians = async () => {
      const tookMs: [number[], number[]] = [[], []];
      for (let n = 0; n < 2 * TIMED; n++) {
        const none = { conversation: randomUUID(), message: randomUUID(), doomed: randomUUID() };
        const since = performance.now();
        const { code } = await ask(client, event, ROWS[event]!.data(n % 2 ? none : subjects.stranger));
        tookMs[n % 2]!.push(performance.now() - since);
        expect(code).toBe('not_found');
      }
      return tookMs.map(median) as [number, number];
    };
    const tried: string[] = [];
    for (;;) {
      const [there, notThere] = await medians();
      if (Math.abs(there - notThere) < 2 + Math.min(there, notThere)) break;
      // The machine may have had something else to do, but hardly each time.
      tried.push(`${there} ms for what is there, ${notThere} ms for what is not`);
      if (tried.length === TRIES) throw new Error(tried.join('; '));
    }
    await client.close();
  });
});
