import { fileNameOf, jestTestOf } from './jest-test.js';
import type { Recording, Step } from './recording.js';

const settings = {
  publicUrl: 'http://127.0.0.1:8080',
  clientId: 'drawbridge-console',
  scopes: ['messages.read', 'messages.send'],
  demo: { logins: ['alice'], password: 'drawbridge' },
  redirectUri: 'http://127.0.0.1:8081/console/',
  helper: '// biome-ignore-all lint: none of theirs.\nclass Person {}\n',
};

function exported(steps: readonly Step[], more: Partial<Recording> = {}): string {
  const people = { left: { id: 'alice', name: 'Alice' }, right: { id: 'zoe', name: 'Zoë' } };
  const recording = {
    format: 'drawbridge-recording',
    version: 1,
    name: 'A run',
    people,
    conversations: [],
    steps,
    ...more,
  };
  const text = jestTestOf(recording as Recording, settings);
  // It is JavaScript.
  expect(() => new Function(text)).not.toThrow();
  return text;
}

const SEND: Step = {
  kind: 'send',
  side: 'left',
  number: 1,
  command: 'message.send',
  data: { conversation: { $: 'conversation1' }, text: 'Hi', clientId: { $: 'clientId1' } },
};
const REPLY: Step = {
  kind: 'reply',
  side: 'left',
  to: 1,
  command: 'message.send',
  event: 'ok',
  data: { message: { id: { $: 'message1' }, text: 'Hi' }, duplicate: false },
};
const EDIT: Step = {
  kind: 'send',
  side: 'left',
  number: 2,
  command: 'message.edit',
  data: { message: { $: 'message1' }, text: 'Ho' },
};

describe('The exported test', () => {
  test('reads as a tester would have written it: what is needed later has a name, and a retry has the same clientId', () => {
    const text = exported([SEND, { ...SEND, number: 3 }, { ...REPLY, to: 3 }, EDIT], {
      conversations: [{ symbol: 'conversation1', kind: 'direct', members: [{ $: 'left' }, { $: 'right' }] }],
    });
    expect(text).toContain('const conversation1 = await left.conversationWith(right.id);');
    expect(text.match(/const clientId1 = crypto\.randomUUID\(\);/g)).toHaveLength(1);
    expect(text).toContain("const reply1 = await left.reply(left.send('message.send', {");
    expect(text).toContain("expect(reply1).toMatchObject({ message: { text: 'Hi' }, duplicate: false });");
    expect(text).toContain('const message1 = reply1.message.id;');
    expect(text).toContain("left.send('message.edit', { message: message1, text: 'Ho' })");
    expect(text).not.toContain('biome');
  });

  test('writes the password of the demo’s people alone; anybody else’s has to be given', () => {
    const text = exported([SEND]);
    expect(text).toContain(
      "left: { login: process.env.LEFT_LOGIN ?? 'alice', password: process.env.LEFT_PASSWORD ?? 'drawbridge' }",
    );
    expect(text).toContain('right: { login: process.env.RIGHT_LOGIN, password: process.env.RIGHT_PASSWORD }');
  });

  test('does not look at what was unticked, but for the ids that are needed', () => {
    const text = exported([SEND, { ...REPLY, isOff: true }, EDIT]);
    expect(text).toContain('const message1 = reply1.message.id;');
    expect(text).not.toContain('toMatchObject');
  });

  test('cannot be made to run what somebody wrote into a recording', () => {
    const evil = "*/ process.exit(); /* ' \\ \u2028";
    const text = exported([{ ...SEND, data: { text: evil } }], {
      name: evil,
      people: { left: { id: 'alice', name: `x\nprocess.exit();` }, right: { id: 'zoe', name: evil } },
    });
    const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '');
    expect(code).not.toContain('exit');
    const key = 'a;process.exit();//';
    const learned = exported([SEND, { ...REPLY, data: { [key]: { $: 'message1' } } } as Step, EDIT]);
    expect(learned).toContain(`const message1 = reply1['${key}'];`);
    expect(() => exported([{ ...EDIT, data: { message: { $: 'a = process.exit()' } } }])).toThrow('cannot be the name');
  });

  test('reads as it runs, whatever direction its words have, and sends every key that was sent', () => {
    const bidi = /\p{Bidi_Control}/u;
    const text = exported([{ ...SEND, data: JSON.parse('{"text":"\u202e}; \u2066 x","__proto__":{"a":1}}') }], {
      name: '\u202e*/ x \u2069',
      people: { left: { id: 'alice', name: '\u200fA\u202e' }, right: { id: 'zoe', name: 'Zoë' } },
    });
    expect(text).not.toMatch(bidi);
    const data = /send\('message\.send', (\{[\s\S]*?\})\);/.exec(text)![1];
    expect(JSON.stringify(new Function(`return ${data}`)())).toBe('{"text":"\u202e}; \u2066 x","__proto__":{"a":1}}');
  });

  test('waits for the passing event that is meant, since others of its kind may come before it', () => {
    const data = { person: { $: 'left' }, active: true };
    const typing: Step = { kind: 'event', side: 'right', event: 'typing', isDurable: false, data };
    expect(exported([typing])).toContain("await right.passing('typing', { person: left.id, active: true });");
  });

  test('has a name that every file system takes', () => {
    expect(fileNameOf('Während “offline”: Zoë / Ben?')).toBe('wa-hrend-offline-zoe-ben');
    expect(fileNameOf('…')).toBe('recording');
  });
});
