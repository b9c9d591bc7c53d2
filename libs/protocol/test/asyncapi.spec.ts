import { Parser } from '@asyncapi/parser';
import { ProtocolFrames } from '@drawbridge/testing';
import { asyncApiDocument, CLOSE_CODES, CODE_PAGES, COMMANDS, checkData, ERROR_CODES } from '../src/index.js';

interface Message {
  readonly title: string;
  readonly payload: object;
  readonly examples: readonly { readonly summary: string; readonly payload: { event: string } }[];
}

const document = asyncApiDocument('https://bridge.example') as {
  readonly components: { readonly messages: Readonly<Record<string, Message>> };
  readonly channels: {
    readonly bridge: Record<'x-error-codes' | 'x-close-codes', { code: unknown; reason?: string }[]>;
  };
};
const { messages } = document.components;
const frames = new ProtocolFrames();

/** Values that are wrong somewhere, or just at a limit. */
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1,
  1e308,
  2 ** 53,
  2 ** 53 - 1,
  '',
  'x',
  'a\0b',
  'a\ud83c!',
  '🎧'.repeat(64),
  '🎧'.repeat(65),
  'x'.repeat(4_000),
  '🎧'.repeat(4_001),
  '3b3f1f6e-6d0f-4b0c-9a77-1d2f6f1f0b11\n',
  '🔥🔥',
  '👩🏽‍🚀',
  [],
  {},
  ['bob'],
  ['bob', 7],
  ['bob', ''],
  Array(250).fill('bob'),
  Array(251).fill('bob'),
];

function* mutations(data: object, known: readonly string[]): Generator<object> {
  yield data;
  for (const name of [...known, 'unknown', 'constructor']) {
    const { [name as never]: left, ...without } = data;
    yield without;
    for (const odd of ODD) yield { ...without, [name]: odd };
    if (typeof left !== 'object' || left === null || Array.isArray(left)) continue;
    for (const inner of mutations(left, Object.keys(left))) yield { ...without, [name]: inner };
  }
  yield JSON.parse(`{"__proto__":{},${JSON.stringify(data).slice(1)}`.replace(',}', '}'));
}

describe('The AsyncAPI document', () => {
  test('is accepted without errors and warnings', async () => {
    const { diagnostics } = await new Parser().parse(JSON.stringify(document));
    const severe = diagnostics.filter(({ severity }) => severity <= 1);
    expect(severe.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([]);
  });

  test.each(Object.keys(messages))('%s has a title and examples, and they are valid', (name) => {
    const { title, examples } = messages[name]!;
    expect(title).toMatch(/\w/);
    expect(examples.length).toBeGreaterThan(0);
    for (const { summary, payload } of examples) {
      expect(summary).toMatch(/\w/);
      const command = name.replace(/\.ok$/, '');
      const problem =
        name in COMMANDS
          ? frames.problemOfCommand(payload)
          : name.endsWith('.ok')
            ? frames.problemOfReply(command, payload)
            : name.startsWith('error.') && name !== 'error.bad_frame'
              ? anyCommandsProblem(payload)
              : frames.problemOfEvent(payload);
      expect(problem).toBeUndefined();
    }
  });

  test.each(Object.keys(COMMANDS))('says of the data of %s exactly what is accepted', (event) => {
    const { data: type, examples } = COMMANDS[event]!;
    const { properties } = (messages[event]!.payload as { properties: { data: { properties: object } } }).properties
      .data;
    let accepted = 0;
    let tried = 0;
    for (const { data } of examples) {
      for (const mutated of mutations(data, Object.keys(properties))) {
        const isAccepted = !Array.isArray(checkData(type, mutated));
        const isToken = event === 'session.open' || event === 'session.refresh';
        // A client is told to send a token; without one it is told `unauthenticated`.
        if (isToken && !('token' in mutated)) continue;
        const problem = frames.problemOfCommand({ event, id: '1', data: mutated } as { event: string });
        expect({ mutated, isAccepted: problem === undefined, problem }).toEqual({ mutated, isAccepted, problem });
        tried += 1;
        if (isAccepted) accepted += 1;
      }
    }
    expect(accepted).toBeGreaterThan(0);
    expect(tried).toBeGreaterThan(accepted);
  });

  test('has every error code and every close with its reason', () => {
    const { 'x-error-codes': errors, 'x-close-codes': closes } = document.channels.bridge;
    expect(errors.map(({ code }) => code)).toEqual(Object.keys(ERROR_CODES));
    expect(Object.fromEntries(closes.flatMap(({ reason, code }) => (reason ? [[reason, code]] : [])))).toEqual(
      CLOSE_CODES,
    );
    for (const reason of Object.keys(CLOSE_CODES)) expect(CODE_PAGES).toHaveProperty([reason]);
  });
});

/** Undefined when some command may be answered so. */
function anyCommandsProblem(payload: { event: string }): string | undefined {
  const problems = [...Object.keys(COMMANDS), 'none'].map((command) => frames.problemOfReply(command, payload));
  return problems.includes(undefined) ? undefined : problems[0];
}
