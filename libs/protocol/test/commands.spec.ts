import {
  ConversationCreate,
  ConversationHistory,
  checkData,
  type DataClass,
  MailboxAck,
  MessageSend,
  Nothing,
  parseCommandFrame,
  Reaction,
  RecommendationSend,
  SessionOpen,
} from '../src/index.js';

const clientId = '3b3f1f6e-6d0f-4b0c-9a77-1d2f6f1f0b11';
const send = (changes: object) => ({ conversation: 'c', text: 'hi', clientId, ...changes });
const recommendation = (title: object, more: object = {}) => ({
  to: ['bob'],
  title: { kind: 'film', id: '1', name: 'The Bridge', url: 'https://r.example/1?a=b%20c#d', ...title },
  clientId,
  ...more,
});
const open = (changes: object) => ({ token: 't', client: { name: 'n', version: '1' }, ...changes });

describe('The data of a command', () => {
  test.each<[string, DataClass, unknown]>([
    ['message.send in a conversation', MessageSend, send({ replyTo: 'm' })],
    ['message.send to a person', MessageSend, { to: 'bob', text: 'x'.repeat(4000), clientId }],
    ['a text of 4000 emoji', MessageSend, send({ text: '🎧'.repeat(4000) })],
    ['session.open with resume', SessionOpen, open({ resume: { epoch: 'e', after: 0 } })],
    ['session.open without a token', SessionOpen, { client: { name: 'n', version: '1' } }],
    ['a history from a position', ConversationHistory, { conversation: 'c', before: 3, limit: 100 }],
    ['an emoji of several code points', Reaction, { message: 'm', emoji: '👩🏽‍🚀' }],
    ['a title', RecommendationSend, recommendation({})],
    ['a note of 280 emoji', RecommendationSend, recommendation({}, { note: '🎧'.repeat(280) })],
    ['nothing', Nothing, {}],
  ])('is accepted: %s', (_, type, data) => {
    expect(checkData(type, data)).toBeInstanceOf(type);
  });

  test.each<[string, DataClass, unknown, string]>([
    ['a wrong type', MessageSend, send({ text: 7 }), 'text'],
    ['an empty text', MessageSend, send({ text: '' }), 'text'],
    ['a text of 4001', MessageSend, send({ text: 'x'.repeat(4001) }), 'text'],
    ['a text of 4001 emoji', MessageSend, send({ text: '🎧'.repeat(4001) }), 'text'],
    ['NUL in a text', MessageSend, send({ text: 'a\0b' }), 'text'],
    ['a lone surrogate', MessageSend, send({ text: 'a\ud800b' }), 'text'],
    ['a clientId that is no UUID', MessageSend, send({ clientId: 'x' }), 'clientId'],
    ['no clientId', MessageSend, { conversation: 'c', text: 'hi' }, 'clientId'],
    ['both conversation and to', MessageSend, send({ to: 'bob' }), 'conversation'],
    ['neither conversation nor to', MessageSend, { text: 'hi', clientId }, 'conversation'],
    ['null for what is optional', MessageSend, send({ replyTo: null }), 'replyTo'],
    ['an unknown property', MessageSend, send({ colour: 'red' }), 'colour'],
    ['a property of every object', MessageSend, send({ constructor: 1 }), 'constructor'],
    [
      '__proto__',
      MessageSend,
      JSON.parse(`{"__proto__":{},"to":"b","text":"x","clientId":"${clientId}"}`),
      '__proto__',
    ],
    ['a list for the data', MessageSend, [], ''],
    ['a string for the data', Nothing, 'x', ''],
    ['null for the data', Nothing, null, ''],
    ['a property where none is known', Nothing, { x: 1 }, 'x'],
    ['no client', SessionOpen, { token: 't' }, 'client'],
    ['a client that is a string', SessionOpen, open({ client: 'x' }), 'client'],
    ['a client without a version', SessionOpen, open({ client: { name: 'x' } }), 'client.version'],
    [
      'an unknown property of the client',
      SessionOpen,
      open({ client: { name: 'x', version: '1', os: 'y' } }),
      'client.os',
    ],
    ['a resume that is a number', SessionOpen, open({ resume: 7 }), 'resume'],
    ['a negative after', SessionOpen, open({ resume: { epoch: 'e', after: -1 } }), 'resume.after'],
    ['a fraction', MailboxAck, { seq: 1.5 }, 'seq'],
    ['a page of 101', ConversationHistory, { conversation: 'c', limit: 101 }, 'limit'],
    ['nobody as members', ConversationCreate, { members: [], clientId }, 'members'],
    ...[
      'http://r.example/',
      'https://',
      'https://a:b@r.example/',
      'https://r.example/a b',
      'https://r.example/é',
      'https://r.example/\u202e',
      `https://r.example/${'x'.repeat(2_048)}`,
      'javascript:alert(1)//https://r.example/',
    ].map((url): [string, DataClass, unknown, string] => [
      `the address ${url.slice(0, 30)}`,
      RecommendationSend,
      recommendation({ url }),
      'title.url',
    ]),
    ['a title without a name', RecommendationSend, recommendation({ name: undefined }), 'title.name'],
    ['an unknown property of the title', RecommendationSend, recommendation({ year: 1999 }), 'title.year'],
    ['21 friends', RecommendationSend, recommendation({}, { to: Array(21).fill('a') }), 'to'],
    ['an empty note', RecommendationSend, recommendation({}, { note: '' }), 'note'],
    ['251 members', ConversationCreate, { members: Array(251).fill('a'), clientId }, 'members'],
    ['a number among the members', ConversationCreate, { members: ['a', 1], clientId }, 'members'],
  ])('is refused with its path: %s', (_, type, data, path) => {
    expect(checkData(type, data)).toEqual([{ path, problem: expect.stringMatching(/\w+ \w+/) }]);
  });
});

describe('A frame of a client', () => {
  const nested = (levels: number) => `{"event":"ping","id":"1","data":${'['.repeat(levels)}${']'.repeat(levels)}}`;

  test('is taken with unknown keys, without data, and nested 16 deep', () => {
    expect(parseCommandFrame('{"event":"ping","id":"1","data":{},"trace":{}}')).toEqual({
      event: 'ping',
      id: '1',
      data: {},
    });
    expect(parseCommandFrame('{"event":"ping","id":"1"}')?.data).toEqual({});
    expect(parseCommandFrame(nested(15))).toBeDefined();
    expect(parseCommandFrame(`{"event":"ping","id":"${'🎧'.repeat(64)}"}`)).toBeDefined();
  });

  test.each([
    ['nothing', ''],
    ['not JSON', 'hello'],
    ['a number', '7'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no id', '{"event":"ping"}'],
    ['a number as id', '{"event":"ping","id":1}'],
    ['an empty id', '{"event":"ping","id":""}'],
    ['an id of 65', `{"event":"ping","id":"${'x'.repeat(65)}"}`],
    ['no event', '{"id":"1"}'],
    ['a number as event', '{"event":7,"id":"1"}'],
    ['nested 17 deep', nested(16)],
    ['nested 30 000 deep', nested(30_000)],
  ])('is bad: %s', (_, text) => expect(parseCommandFrame(text)).toBeUndefined());
});
