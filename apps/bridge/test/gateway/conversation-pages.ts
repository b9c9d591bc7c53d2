import type { Reply } from './conversation-device.js';
import type { ConversationIds, WireConversation, WireMessage } from './conversation-ids.js';
import type { ConversationModel } from './conversation-model.js';
import { activeFor, historyOf, latest, type Person, personalOf, receiptsOf } from './conversation-seen.js';

interface Looking {
  readonly model: ConversationModel;
  readonly ids: ConversationIds;
  readonly person: Person;
  /** Of a page. */
  readonly limit: number;
  ask(event: string, data: object): Promise<Reply>;
}

/** Everything that somebody can ask to see is what the model says, page by page. Nothing else goes on meanwhile. */
export async function pagesAreRight(looking: Looking): Promise<void> {
  const { model, ids, person, ask } = looking;
  const known = model.conversationsOf(person);
  await listIsRight(looking, known);
  for (const id of model.conversations.keys()) {
    const conversation = ids.conversation(id);
    if (known.includes(id)) {
      await conversationIsRight(looking, id);
      continue;
    }
    for (const event of ['conversation.get', 'conversation.history', 'conversation.members'])
      expect([event, await ask(event, { conversation })]).toEqual([event, { code: 'not_found' }]);
  }
}

async function listIsRight(looking: Looking, known: readonly string[]): Promise<void> {
  const { model, ids, person } = looking;
  const listed = await pagesOf<WireConversation>(looking, 'conversation.list', {}, 'cursor');
  const seen = listed.map((each) => ids.seenPersonally(each));
  const inAnyOrder = (all: { conversation: string }[]) =>
    all.toSorted((a, b) => (a.conversation < b.conversation ? -1 : 1));
  expect(inAnyOrder(seen)).toEqual(inAnyOrder(known.map((id) => personalOf(model.conversations.get(id)!, person))));
  for (const [n, { updatedAt }] of listed.entries()) {
    if (n === 0) continue;
    const [before, after] = [seen[n - 1]!, seen[n]!].map(({ conversation }) =>
      activeFor(model.conversations.get(conversation)!, person),
    );
    // Two things in one millisecond have no order.
    if (updatedAt !== listed[n - 1]!.updatedAt) expect(before).toBeGreaterThanOrEqual(after!);
  }
}

async function conversationIsRight(looking: Looking, id: string): Promise<void> {
  const { model, ids, person, ask } = looking;
  const there = model.conversations.get(id)!;
  const conversation = ids.conversation(id);
  const { code, data } = await ask('conversation.get', { conversation });
  expect([id, code]).toEqual([id, 'ok']);
  const got = data!.conversation as WireConversation;
  const isShown = (other: Person) => there.kind === 'group' || other === person || !model.areApart(person, other);
  expect({ ...ids.seenPersonally(got), receipts: got.receipts }).toEqual({
    ...personalOf(there, person),
    receipts: receiptsOf(there, person).map((receipt) =>
      isShown(receipt.person) ? receipt : { person: receipt.person },
    ),
  });
  const members = await pagesOf<{ id: string }>(looking, 'conversation.members', { conversation }, 'cursor');
  const expected = latest(there, person)!.kept?.seen ?? there.versions.at(-1)!.seen;
  expect(members.map((each) => each.id)).toEqual(expected.members);
  const messages = await pagesOf<WireMessage>(looking, 'conversation.history', { conversation }, 'before');
  expect(messages.map((each) => ids.seenMessage(each)).toReversed()).toEqual(historyOf(there, person));
}

async function pagesOf<T>(looking: Looking, event: string, data: object, goesOn: string): Promise<T[]> {
  const { model, person, limit, ask } = looking;
  const found: T[] = [];
  for (let next: unknown; ; ) {
    const reply = await ask(event, { ...data, limit, ...(next === undefined ? {} : { [goesOn]: next }) });
    expect([event, reply.code]).toEqual([event, 'ok']);
    const { asOf, next: following, ...page } = reply.data as { asOf?: number; next?: unknown } & Record<string, T[]>;
    if (event !== 'conversation.members') expect([event, asOf]).toEqual([event, model.head(person)]);
    found.push(...Object.values(page as Record<string, T[]>)[0]!);
    if (following === undefined) return found;
    next = following;
  }
}
