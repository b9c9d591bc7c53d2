import type { Bridge, BridgeEvent } from '../src/index.js';

const CLIENT_ID = '00000000-0000-4000-8000-000000000001';
const TITLE = { kind: 'film', id: '1', name: 'Stone Floor', url: 'https://reelhouse.example/1' };

/**
 * Of the real bridge and the one in memory (testing.ts): one command after the other, right and wrong ones, and what each was answered with; in the
 * end what Bob was told.
 */
export async function scenario(alice: Bridge, bob: Bridge): Promise<[string, unknown][]> {
  const told: [string, unknown][] = [];
  const ids = new Map<string, string>();
  /** Ids in the order in which they were seen, and no times. */
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value === 'string') {
      if (/^[\da-f]{8}-[\da-f-]{27}$/.test(value)) {
        if (!ids.has(value)) ids.set(value, `#${ids.size}`);
        return ids.get(value);
      }
      return /^\d{4}-\d\d-\d\dT/.test(value) ? 'time' : value;
    }
    if (value === null || typeof value !== 'object') return value;
    const entries = Object.entries(value).filter(([name]) => !['asOf', 'seq', 'next', 'via', 'cursor'].includes(name));
    return Object.fromEntries(
      entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, each]) => [name, plain(each)]),
    );
  };
  const does = async <T>(name: string, work: Promise<T>): Promise<T> => {
    const [said, value] = await work.then(
      (reply) => [plain(reply), reply],
      ({ code, scope }) => [scope ? `${code} ${scope}` : code, undefined],
    );
    told.push([name, said]);
    return value as T;
  };
  const ask = (name: string, command: string, data: object, by = alice) =>
    does(name, by.request(command as never, data as never)) as Promise<{ conversation: { id: string } }>;
  const events: BridgeEvent[] = [];
  bob.on('event', (event) => event.event !== 'presence' && events.push(event));

  const hello = await does('to a contact', alice.sendTo('bob', { text: 'Hello' }));
  const direct = { conversation: hello.conversation };
  await does('nothing', alice.sendTo('bob', { text: '' }));
  await does('4001', alice.sendTo('bob', { text: 'x'.repeat(4_001) }));
  await does('NUL', alice.sendTo('bob', { text: '\0' }));
  await does('to nobody', alice.sendTo('nobody', { text: 'x' }));
  await does('to oneself', alice.sendTo('alice', { text: 'x' }));
  await does('reply', alice.conversation(hello.conversation).send({ text: 'y', replyTo: hello.id }));
  await does('reply to nothing', alice.conversation(hello.conversation).send({ text: 'y', replyTo: CLIENT_ID }));
  await ask('twice', 'message.send', { ...direct, text: 'twice', clientId: CLIENT_ID });
  await ask('twice', 'message.send', { ...direct, text: 'twice', clientId: CLIENT_ID });
  await ask('twice, other', 'message.send', { ...direct, text: 'other', clientId: CLIENT_ID });
  await ask('neither', 'message.send', { text: 'x', clientId: crypto.randomUUID() });
  await ask('both', 'message.send', { ...direct, to: 'bob', text: 'x', clientId: crypto.randomUUID() });
  await ask('unknown property', 'message.send', { ...direct, text: 'x', clientId: crypto.randomUUID(), loud: true });
  await ask('clientId that is none', 'message.send', { ...direct, text: 'x', clientId: 'one' });
  await ask('get', 'conversation.get', direct);
  await ask('get none', 'conversation.get', { conversation: 'none' });
  await ask('title of a direct', 'conversation.update', { ...direct, title: 'x' });
  await ask('edit', 'message.edit', { message: hello.id, text: 'Hi' });
  await ask('edit the same', 'message.edit', { message: hello.id, text: 'Hi' });
  await ask('edit by another', 'message.edit', { message: hello.id, text: 'Hi' }, bob);
  await ask('react', 'reaction.add', { message: hello.id, emoji: '👋' }, bob);
  await ask('react again', 'reaction.add', { message: hello.id, emoji: '👋' }, bob);
  await ask('react too', 'reaction.add', { message: hello.id, emoji: '👋' });
  await ask('react in words', 'reaction.add', { message: hello.id, emoji: 'wave' });
  await ask('unreact', 'reaction.remove', { message: hello.id, emoji: '👋' }, bob);
  await ask('unreact again', 'reaction.remove', { message: hello.id, emoji: '👋' }, bob);
  await ask('delete by another', 'message.delete', { message: hello.id }, bob);
  await ask('delete', 'message.delete', { message: hello.id });
  await ask('delete again', 'message.delete', { message: hello.id });
  await ask('edit deleted', 'message.edit', { message: hello.id, text: 'again' });
  await ask('react to deleted', 'reaction.add', { message: hello.id, emoji: '👋' });
  await ask('history', 'conversation.history', { ...direct, limit: 2 });
  await ask('history, too much', 'conversation.history', { ...direct, limit: 1_000 });
  await ask('read', 'conversation.read', { ...direct, upTo: 2 }, bob);
  await ask('read too far', 'conversation.read', { ...direct, upTo: 1_000 }, bob);
  await ask('ack too far', 'mailbox.ack', { seq: 1_000_000 }, bob);
  await ask('typing nowhere', 'typing.start', { conversation: 'none' });
  const group = await ask('group', 'conversation.create', {
    members: ['bob', 'carol'],
    title: 'Friday',
    clientId: crypto.randomUUID(),
  });
  const friday = { conversation: group.conversation.id };
  await ask('of nobody', 'conversation.create', { members: [], clientId: crypto.randomUUID() });
  await ask('direct once more', 'conversation.create', { members: ['bob'], clientId: crypto.randomUUID() });
  await ask('with a stranger', 'conversation.create', { members: ['nobody'], clientId: crypto.randomUUID() });
  await ask('add and remove', 'conversation.update', {
    ...friday,
    title: 'Saturday',
    add: ['dave'],
    remove: ['carol'],
  });
  await ask('nothing changes', 'conversation.update', friday);
  await ask('a member removes', 'conversation.update', { ...friday, remove: ['alice'] }, bob);
  await ask('add a stranger', 'conversation.update', { ...friday, add: ['nobody'] });
  await ask('members', 'conversation.members', friday);
  await does('in the group', alice.conversation(friday.conversation).send({ text: 'Hello all' }));
  await ask('leave', 'conversation.update', { ...friday, remove: ['bob'] }, bob);
  await does('after leaving', bob.conversation(friday.conversation).send({ text: 'x' }));
  await ask('list', 'conversation.list', { limit: 10 });
  await ask('recommend', 'recommendation.send', {
    to: ['bob'],
    title: TITLE,
    note: 'x',
    clientId: crypto.randomUUID(),
  });
  await ask('to none', 'recommendation.send', { to: [], title: TITLE, clientId: crypto.randomUUID() });
  await ask('http', 'recommendation.send', {
    to: ['bob'],
    title: { ...TITLE, url: 'http://reelhouse.example/1' },
    clientId: crypto.randomUUID(),
  });
  await ask('unknown', 'message.shout', {});
  await ask('contacts', 'contacts.list', { limit: 10 });
  await bob.rtt();
  told.push(['events', events.map(({ event, data }) => [event, plain(data)])]);
  return told;
}
