import type * as Data from '../src/commands.js';
import { COMMANDS, EVENTS, type WireCommands, type WireEvents } from '../src/index.js';

/** What a class of data says, without its methods, as a plain type. */
type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : T extends object
    ? { [Key in keyof T as Key extends 'problem' ? never : Key]: Plain<T[Key]> }
    : T;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** The compiler looks at these: each type of the wire is what the class that checks the command says. */
type Checked = {
  [Name in keyof Classes]: Same<Plain<Classes[Name]>, Plain<WireCommands[Name]['data']>>;
};
interface Classes {
  'session.open': Data.SessionOpen;
  'session.refresh': Data.SessionRefresh;
  'conversation.list': Data.ConversationList;
  'conversation.get': Data.ConversationGet;
  'conversation.create': Data.ConversationCreate;
  'conversation.update': Data.ConversationUpdate;
  'conversation.members': Data.ConversationMembers;
  'conversation.history': Data.ConversationHistory;
  'conversation.read': Data.ConversationRead;
  'message.send': Data.MessageSend;
  'message.edit': Data.MessageEdit;
  'message.delete': Data.MessageDelete;
  'reaction.add': Data.Reaction;
  'reaction.remove': Data.Reaction;
  'typing.start': Data.TypingIn;
  'typing.stop': Data.TypingIn;
  'recommendation.send': Data.RecommendationSend;
  'activity.list': Data.ActivityList;
  'contacts.list': Data.ContactsList;
  'mailbox.ack': Data.MailboxAck;
}

const checked: Checked = {
  'session.open': true,
  'session.refresh': true,
  'conversation.list': true,
  'conversation.get': true,
  'conversation.create': true,
  'conversation.update': true,
  'conversation.members': true,
  'conversation.history': true,
  'conversation.read': true,
  'message.send': true,
  'message.edit': true,
  'message.delete': true,
  'reaction.add': true,
  'reaction.remove': true,
  'typing.start': true,
  'typing.stop': true,
  'recommendation.send': true,
  'activity.list': true,
  'contacts.list': true,
  'mailbox.ack': true,
};

const withoutData: Record<Exclude<keyof WireCommands, keyof Classes>, true> = {
  ping: true,
  'session.close': true,
  'presence.list': true,
};

const events: Record<keyof WireEvents, true> = {
  hello: true,
  'message.created': true,
  'message.edited': true,
  'message.deleted': true,
  'message.reacted': true,
  'conversation.created': true,
  'conversation.updated': true,
  'receipt.updated': true,
  typing: true,
  presence: true,
  'grant.changed': true,
  'session.expiring': true,
  'mailbox.live': true,
  'mailbox.reset': true,
  going_away: true,
};

describe('The types of the wire', () => {
  test('name every command and every event of the protocol, and no other', () => {
    expect(Object.keys({ ...checked, ...withoutData }).toSorted()).toEqual(Object.keys(COMMANDS).toSorted());
    expect(Object.keys(events).toSorted()).toEqual(Object.keys(EVENTS).toSorted());
  });
});
