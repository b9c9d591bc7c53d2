import { execFileSync } from 'node:child_process';
import { asyncApiDocument, COMMANDS } from '@drawbridge/protocol';
import type { WireFrame } from '../wire/entry.js';
import { type AsyncApi, ProtocolDocument, type Schema } from './document.js';
import { choicesOf, type Field, fieldAt, fieldsOf, filledFrom, startOf } from './fields.js';
import { expand, unknownPlaceholders, withSamples } from './placeholders.js';
import { NotJson, readWithPlaces } from './places.js';
import { SAVED_LIMITS, SavedRequests } from './saved.js';
import { SlashTable } from './slash.js';
import { Schemas } from './validation.js';
import { shellQuoted, wscatCommand } from './wscat.js';

const PUBLIC_URL = 'http://127.0.0.1:8080';
const UUID = 'e21c88ad-67c5-4b85-a6e5-f01233c99396';
const raw = JSON.parse(JSON.stringify(asyncApiDocument(PUBLIC_URL))) as AsyncApi;
const protocol = new ProtocolDocument(raw);
const schemas = new Schemas(protocol);
const commands = Object.keys(COMMANDS);
const sent = (event: string, data: unknown) => schemas.ofCommand({ event, id: 't-1', data });

describe('A form', () => {
  test('is there for every command of the protocol, with a field for everything that its data may have', () => {
    expect(protocol.commands.map(({ name }) => name)).toEqual(commands);
    const names = (fields: readonly Field[]): unknown[] => fields.map(({ name, fields }) => [name, names(fields)]);
    const properties = ({ properties = {} }: Schema): unknown[] =>
      Object.entries(properties).map(([name, schema]) => [name, properties_(schema)]);
    const properties_ = (schema: Schema | boolean) => (typeof schema === 'boolean' ? [] : properties(schema));
    for (const { schema } of protocol.commands) {
      expect(names(fieldsOf(schema))).toHaveLength(properties(schema).length);
      expect(names(fieldsOf(schema))).toEqual(expect.arrayContaining(properties(schema).map(() => expect.anything())));
    }
  });

  test.each(commands)('%s begins with data that its schema takes', (name) => {
    const data = startOf(protocol.command(name)!, () => UUID);
    expect(sent(name, JSON.parse(withSamples(JSON.stringify(data))))).toEqual([]);
  });

  test.each(commands)('%s is filled in from each of its examples with data that its schema takes', (name) => {
    for (const example of protocol.command(name)!.examples) {
      const data = filledFrom(example, () => UUID);
      expect(sent(name, JSON.parse(withSamples(JSON.stringify(data))))).toEqual([]);
    }
  });

  test('says what a field may be, which is required, and that message.send goes into a conversation or to somebody', () => {
    const { schema } = protocol.command('message.send')!;
    const fields = new Map(fieldsOf(schema).map((field) => [field.name, field]));
    expect(fields.get('text')).toMatchObject({ kind: 'long', required: true, limits: '1 to 4000 characters' });
    expect(fields.get('replyTo')).toMatchObject({ required: false, offer: 'messages' });
    expect(choicesOf(schema)).toMatchObject([
      { name: 'conversation', without: ['to'] },
      { name: 'to', without: ['conversation', 'replyTo'] },
    ]);
    const title = fieldsOf(protocol.command('recommendation.send')!.schema).find(({ name }) => name === 'title');
    expect(title?.fields.map(({ name }) => name).sort()).toEqual(['id', 'kind', 'name', 'url']);
  });

  test('says nothing twice: what its description has of a limit is not said again', () => {
    const all = (fields: readonly Field[]): readonly Field[] => fields.flatMap((each) => [each, ...all(each.fields)]);
    const fields = protocol.commands.flatMap(({ schema }) => all(fieldsOf(schema)));
    const limits = (of: string) => new Set(fields.filter(({ name }) => name === of).map((field) => field.limits));
    expect(limits('clientId')).toEqual(new Set(['']));
    expect(limits('emoji')).toEqual(new Set(['1 to 10 characters']));
    expect(limits('url')).toEqual(new Set(['at most 2048 characters']));
  });

  test('calls what is wrong by the name of its field', () => {
    expect(['/data/text', '/data/title/url', '/data/to/1', '/data', '/id', ''].map(fieldAt)).toEqual([
      'text',
      'title, url',
      'to 2',
      '',
      'id',
      '',
    ]);
  });
});

describe('A document that refers to itself', () => {
  const documentOf = (schemas: object) =>
    new ProtocolDocument({
      components: {
        messages: { x: { tags: [{ name: 'command' }], payload: { $ref: '#/components/schemas/s0' } } },
        schemas,
      },
    } as unknown as AsyncApi);

  test('round in a circle is refused', () => {
    expect(() => documentOf({ s0: { $ref: '#/components/schemas/s0' } })).toThrow('too deeply');
  });

  test('twice on each step is refused before it has filled the memory', () => {
    const twice = (step: number) => ({ $ref: `#/components/schemas/s${step + 1}` });
    const schemas = Array.from({ length: 15 }, (_, step) => [`s${step}`, { a: twice(step), b: twice(step) }]);
    expect(() => documentOf({ ...Object.fromEntries(schemas), s15: {} })).toThrow('too large');
  });
});

describe('A check by /asyncapi.json', () => {
  test('takes every example of the document, sent and received', () => {
    const { messages } = raw.components;
    for (const [name, { tags, examples = [] }] of Object.entries(messages)) {
      const isCommand = tags?.[0]?.name === 'command';
      for (const { payload } of examples)
        expect([name, schemas.check(payload as WireFrame, isCommand, name.replace(/\.ok$/, ''))]).toEqual([name, []]);
    }
  });

  test('says what is wrong, and where', () => {
    expect(sent('message.send', { text: '', to: 'bob', conversation: 'c', clientId: 'x', extra: 1 })).toEqual([
      { path: '/data/to', message: 'not together with conversation.' },
      { path: '/data/text', message: 'must not be empty.' },
      { path: '/data/clientId', message: 'must be a UUID.' },
      { path: '/data/extra', message: 'is not known here.' },
    ]);
    expect(sent('message.send', { text: 'x', clientId: UUID })).toEqual([
      { path: '/data', message: 'one of conversation or to is needed.' },
    ]);
    expect(sent('conversation.history', { conversation: 'c', limit: 101 })).toEqual([
      { path: '/data/limit', message: 'must be 100 at most.' },
    ]);
    expect(sent('message.sent', {})).toEqual([{ path: '/event', message: 'message.sent is no command.' }]);
  });

  test('marks a reply by the command it answers, and an event of two shapes by the one it is nearest to', () => {
    const reply = { event: 'ok', id: 'c-1', data: { duplicate: false } };
    expect(schemas.check(reply, false, 'message.send')).toEqual([
      { code: 'schema', message: '/data/message: is missing.' },
    ]);
    expect(schemas.check(reply, false, undefined)).toEqual([]);
    expect(schemas.ofEvent({ event: 'receipt.updated', seq: 2, prev: 1, data: { conversation: 'c' } })).toEqual([
      { path: '/data/person', message: 'is missing.' },
    ]);
  });

  test('costs less than a millisecond of the processor a frame', () => {
    const frame = raw.components.messages['message.created']!.examples![0]!.payload as WireFrame;
    const frames = 2_000;
    const before = process.cpuUsage();
    for (let count = 0; count < frames; count++) schemas.check(frame, false);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000 / frames).toBeLessThan(1);
  });
});

describe('A text', () => {
  test('is read with the line of each value, also of what is missing', () => {
    const { lineOf } = readWithPlaces(
      '{\n "event": "a{b",\n "data": {\n  "to": [\n   "x",\n   "y"\n  ],\n  "a/b": 1\n }\n}',
    );
    expect(['/event', '/data', '/data/to/1', '/data/a~1b', '/data/text', ''].map(lineOf)).toEqual([2, 3, 6, 8, 3, 1]);
  });

  test('that is no JSON says on which line', () => {
    const read = () => readWithPlaces('{\n "event": "ping",\n "data": }\n}');
    expect(read).toThrow(NotJson);
    expect(read).toThrow(expect.objectContaining({ line: 3 }));
  });

  test('has its placeholders filled, numbers without quotes, and says which have no value', async () => {
    const around = {
      newId: () => 't-1',
      conversation: 'talk "1"',
      me: 'alice',
      other: undefined,
      message: undefined,
      position: 7,
      seq: undefined,
      nonce: 'n',
      token: async () => ({ accessToken: 'at', prove: async ({ nonce }: { nonce: string }) => `proof of ${nonce}` }),
    };
    const { text, missing } = await expand(
      '{"event":"session.open","id":"{{id}}","c":"{{conversation}}","p":"{{position}}","t":"at {{position}}","o":"{{other}}","x":"{{what}}","k":"{{token}}","f":"{{proof}}"}',
      around,
    );
    expect(JSON.parse(text)).toEqual({
      event: 'session.open',
      id: 't-1',
      c: 'talk "1"',
      p: 7,
      t: 'at 7',
      o: '{{other}}',
      x: '{{what}}',
      k: 'at',
      f: 'proof of n',
    });
    expect(missing).toEqual([expect.stringContaining('{{other}}')]);
  });
});

test('A token and its proof are filled in where the bridge alone reads them, and never in what other people do', async () => {
  const token = async () => ({ accessToken: 'secret', prove: async () => 'secret' });
  const rest = { conversation: 'c', me: 'alice', other: 'bob', message: 'm', position: 1, seq: 1, nonce: 'n' };
  const around = { ...rest, newId: () => 't-1', token };
  const frames = [
    '{"event":"message.send","id":"{{id}}","data":{"to":"mallory","text":"{{token}} {{proof}}"}}',
    '{"event":"session.open","event":"message.send","data":{"text":"{{token}}{{proof}}"}}',
    'session.open {{token}} {{proof}}',
  ];
  for (const frame of frames) {
    const { text, missing } = await expand(frame, around);
    expect(text).not.toContain('secret');
    expect(missing).toHaveLength(2);
  }
  expect((await expand('{"event":"session.refresh","data":{"token":"{{token}}"}}', around)).text).toContain('secret');
  // What is filled in is not looked at again.
  const hostile = { ...around, conversation: '{{token}}' };
  const { text } = await expand('{"event":"session.open","data":{"x":"{{conversation}}"}}', hostile);
  expect(text).toContain('{{token}}');
});

test('What an object inherits is no placeholder', async () => {
  const text = '{"event":"ping","id":"{{constructor}}","data":{"x":"a {{constructor}}"}}';
  expect(withSamples(text)).toBe(text);
  expect(unknownPlaceholders(text)).toEqual(['constructor']);
});

test.each(['[', '{"a":', '[{"a":'])('A text that is nested as deeply as it is long (%j…) has a line, too', (part) => {
  expect(() => readWithPlaces(part.repeat(65_536 / part.length))).toThrow(NotJson);
  const whole = `{"event":"x","data":\n${'['.repeat(30_000)}1${']'.repeat(30_000)}}`;
  expect(readWithPlaces(whole).lineOf(`/data${'/0'.repeat(30_000)}`)).toBe(2);
});

describe('A copy as wscat', () => {
  const shell = (script: string) => execFileSync('sh', ['-c', script], { encoding: 'utf8' });

  test.each(["it's", '$HOME `id` "x"', 'a\\b', "''", '*\n?', '🎧'])('quotes %j as one word of a shell', (text) => {
    expect(shell(`printf %s ${shellQuoted(text)}`)).toBe(text);
  });

  test('pipes the opening and then the frame, with the token from a variable and none in it', () => {
    const frame = {
      event: 'message.send',
      id: 't-1',
      data: { text: `it's $5 "now" \\ 🎧`, to: 'bob', clientId: UUID },
    };
    const script = wscatCommand(PUBLIC_URL, JSON.stringify(frame, null, 2));
    expect(script).toContain("| wscat -c 'ws://127.0.0.1:8080/bridge' -s drawbridge.v1 --slash");
    // The same lines, with something that shows what it is given in the place of wscat.
    const lines = shell(script.replaceAll('sleep', ': ').replace(/\| wscat.*/, '| cat'))
      .trim()
      .split('\n');
    expect(JSON.parse(lines[0]!)).toMatchObject({
      event: 'session.open',
      data: { token: expect.stringMatching(/^paste here/) },
    });
    expect(JSON.parse(lines[1]!)).toEqual(frame);
    expect(lines[2]).toBe('/close');
    // Where it is pasted: not every shell knows comments there.
    expect(script).not.toMatch(/^\s*#/m);
  });

  test('is no command of wscat’s own, and one line, whatever is in the text', () => {
    const lines = wscatCommand(PUBLIC_URL, '/close\r\n\n4000').split('\n');
    expect(lines).toContain("  sleep 1; printf '%s\\n' ' /close 4000'");
  });

  test('has the token in what opens the session, and not in what one person says to another', () => {
    const frame = {
      event: 'message.send',
      id: 'c-1',
      data: { text: `{{token}} '{{token}}'`, to: 'bob', clientId: UUID },
    };
    const script = wscatCommand(PUBLIC_URL, JSON.stringify(frame));
    const lines = shell(script.replaceAll('sleep', ': ').replace(/\| wscat.*/, '| cat')).split('\n');
    expect(JSON.parse(lines[1]!)).toEqual(frame);
  });

  test('has no token and no proof of a session that was opened', () => {
    const data = { token: 'secret-1', proof: 'secret-2', client: { name: 'x', version: '1' } };
    for (const event of ['session.open', 'session.refresh']) {
      const script = wscatCommand(PUBLIC_URL, JSON.stringify({ event, id: 'c-1', data }));
      expect(script).not.toContain('secret');
      expect(script).toContain(`"token":"'"$TOKEN"'"`);
    }
  });
});

describe('Saved requests', () => {
  const emptyStorage = () => {
    const kept = new Map<string, string>();
    const setItem = (key: string, value: string) => void kept.set(key, value);
    return { kept, getItem: (key: string) => kept.get(key) ?? null, setItem };
  };

  test('are kept, renamed, deleted, exported and imported, and never hold a token', () => {
    const storage = emptyStorage();
    const saved = new SavedRequests(storage);
    saved.save(' ping ', '{"event":"ping"}');
    saved.save('open', '{"event":"session.open","data":{"token":"secret-1","proof":"secret-2"}}');
    saved.save('torn', '{"token":"eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl"');
    saved.rename('ping', 'is it there');
    expect(() => saved.rename('torn', 'open')).toThrow('already');
    saved.delete('torn');
    expect([...storage.kept.values()].join()).not.toMatch(/secret|eyJ/);
    const other = new SavedRequests(emptyStorage());
    expect(other.import(saved.exported())).toBe(2);
    expect(other.all.value).toEqual(saved.all.value);
    expect(new SavedRequests(storage).all.value.map(({ name }) => name)).toEqual(['is it there', 'open']);
    expect(() => other.import('{"requests":[]}')).toThrow('not a file of saved requests');
  });

  test('hold no token either where a frame is torn, or nested more deeply than it can be written again', () => {
    const storage = emptyStorage();
    const saved = new SavedRequests(storage);
    saved.save('torn', '{"event":"session.open","data":{"token": "opaque \\" one","proof":"opaque two"');
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
    saved.save('deep', `{"event":"session.open","data":{"x":${deep},"token":"opaque"}}`);
    expect([...storage.kept.values()].join()).not.toContain('opaque');
    expect(saved.all.value[0]!.text).toBe('{"event":"session.open","data":{"token": "{{token}}","proof":"{{proof}}"');
  });

  test('are refused where they grow too large without their token, and whatever the browser has kept hinders nobody', () => {
    const saved = new SavedRequests(emptyStorage());
    const zeros = Array(20_000).fill(0).join();
    const grows = { name: 'grows', text: `{"event":"session.open","data":{"x":[${zeros}]}}` };
    expect(() => saved.save(grows.name, grows.text)).toThrow('characters at most');
    const requests = [grows, null, { name: 'good', text: '{}' }, { name: ' ', text: '' }];
    const storage = { ...emptyStorage(), getItem: () => JSON.stringify(requests) };
    expect(new SavedRequests(storage).all.value).toEqual([{ name: 'good', text: '{}' }]);
  });

  test('are bounded, and one more says what to do', () => {
    const saved = new SavedRequests(emptyStorage());
    for (let count = 0; count < SAVED_LIMITS.requests; count++) saved.save(`r ${count}`, '{}');
    expect(() => saved.save('one more', '{}')).toThrow('delete one first');
    saved.save('r 0', '{"changed":true}');
    expect(saved.all.value).toHaveLength(SAVED_LIMITS.requests);
  });
});

describe('Slash commands', () => {
  const table = new SlashTable<string[]>();
  table.add(
    {
      name: 'close',
      args: '[code] [reason]',
      help: '',
      run: (context, given) => {
        context.push(`${given.number(0, { least: 3_000, most: 4_999, otherwise: 1_000 })} ${given.words[1]}`);
        return 'closed';
      },
    },
    { name: 'clear', args: '', help: '', run: () => 'cleared' },
    {
      name: 'as',
      args: '<side>',
      help: '',
      words: ['left', 'right'],
      run: (_, given) => given.oneOf(0, ['left', 'right']),
    },
    { name: 'raw', args: '<json>', help: '', run: (_, given) => given.whole() },
  );

  test('run with what was written after them, byte for byte where that matters', async () => {
    const told: string[] = [];
    expect(await table.run(told, '/close 4000 bye')).toBe('closed');
    expect(await table.run(told, ' /close ')).toBe('closed');
    expect(told).toEqual(['4000 bye', '1000 undefined']);
    expect(await table.run(told, '/raw {"a":  1,\n"b": 2}')).toBe('{"a":  1,\n"b": 2}');
  });

  test('that cannot be run say what to do', async () => {
    await expect(table.run([], '/close 99')).rejects.toThrow('from 3000 to 4999 is needed: /close [code] [reason]');
    await expect(table.run([], '/as both')).rejects.toThrow('One of left, right');
    await expect(table.run([], '/raw')).rejects.toThrow('Something has to follow: /raw <json>');
    await expect(table.run([], '/clsoe')).rejects.toThrow('Did you mean /close');
    await expect(table.run([], 'close')).rejects.toThrow('begins with a slash');
  });

  test('complete their names and then the words that may follow', () => {
    expect(table.completions('/cl')).toEqual(['/close ', '/clear']);
    expect(table.completions('/as r')).toEqual(['/as right']);
    expect(table.completions('Hello /cl')).toEqual([]);
  });
});
