import type { Message, PersonalConversation } from '@drawbridge/client';
import {
  inOrder,
  reached,
  type Talks,
  withConversation,
  withHistory,
  withMessage,
  withRead,
  withReceipt,
  withTyping,
} from './talks.js';

const ME = 'alice';
const at = (minute: number) => `2026-01-01T10:${String(minute).padStart(2, '0')}:00.000Z`;
const conversation = (id: string, more: Partial<PersonalConversation> = {}): PersonalConversation => ({
  id,
  kind: 'direct',
  memberCount: 2,
  members: [
    { id: 'alice', handle: 'alice', name: 'Alice' },
    { id: 'bob', handle: 'bob', name: 'Bob' },
  ],
  updatedAt: at(0),
  unread: 0,
  ...more,
});
const message = (position: number, from = 'bob', more: Partial<Message> = {}): Message => ({
  id: `m-${position}`,
  conversation: 'c',
  position,
  from: { id: from, name: from },
  kind: 'text',
  text: `text ${position}`,
  reactions: [],
  sentAt: at(position),
  ...more,
});
const talks = (): Talks => withConversation(new Map(), conversation('c'), ME);
const only = (all: Talks) => all.get('c')!;

describe('What is known of conversations', () => {
  test('counts a message of others once, however often it is told, and none of one’s own', () => {
    let all = withMessage(talks(), message(1), ME);
    all = withMessage(all, message(1), ME);
    all = withMessage(all, message(2, ME), ME);
    all = withMessage(all, message(1, 'bob', { text: 'edited' }), ME);
    expect(only(all)).toMatchObject({ unread: 1, last: { position: 2 }, updatedAt: at(2) });
    expect(only(withRead(all, 'c', 2))).toMatchObject({ unread: 0, readUpTo: 2 });
    expect(only(withRead(withRead(all, 'c', 2), 'c', 1)).readUpTo).toBe(2);
  });

  test('keeps messages in their order, whatever the order they come in, and the latest of each', () => {
    let all = withHistory(talks(), 'c', [message(3), message(2)], 2);
    all = withMessage(all, message(4), ME);
    all = withMessage(all, message(3, 'bob', { text: 'edited' }), ME);
    all = withHistory(all, 'c', [message(1)], undefined);
    expect(only(all).messages?.map(({ text }) => text)).toEqual(['text 1', 'text 2', 'edited', 'text 4']);
    expect(only(all).older).toBeUndefined();
  });

  test('knows who types until they stop or write, and how far the others have come', () => {
    let all = withTyping(talks(), 'c', 'bob', true);
    expect(only(all).typing).toEqual(['bob']);
    all = withMessage(all, message(1), ME);
    expect(only(all).typing).toEqual([]);
    const mine = message(2, ME);
    all = withMessage(all, mine, ME);
    expect(reached(only(all), mine)).toBe('sent');
    all = withReceipt(all, 'c', { person: 'bob', deliveredUpTo: 2 }, ME);
    expect(reached(only(all), mine)).toBe('delivered');
    all = withReceipt(all, 'c', { person: 'bob', readUpTo: 2 }, ME);
    expect(reached(only(all), mine)).toBe('read');
  });

  test('takes what was read on another device for read here, and has the latest conversation first', () => {
    let all = withMessage(talks(), message(1), ME);
    all = withConversation(all, conversation('d', { kind: 'group', title: 'Weekend', updatedAt: at(9) }), ME);
    expect(inOrder(all).map(({ title }) => title)).toEqual(['Weekend', 'Bob']);
    expect(only(withReceipt(all, 'c', { person: ME, readUpTo: 1 }, ME)).unread).toBe(0);
    expect(withMessage(all, message(5, 'bob', { conversation: 'unknown' }), ME)).toBe(all);
  });
});
