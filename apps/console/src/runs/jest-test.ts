import type { Settings } from '../settings.js';
import { SIDES, type Side } from '../wire/entry.js';
import {
  type EventStep,
  isObject,
  type KnownConversation,
  type Recording,
  type ReplyStep,
  type Step,
  symbolIn,
  symbolsIn,
  type Template,
} from './recording.js';

export interface ExportSettings extends Settings {
  /** Where the console is, which its app is registered with. */
  readonly redirectUri: string;
  /** The text of exported-helper.js. */
  readonly helper: string;
}

/** A name for the file, of what a shell and every file system take. */
export function fileNameOf(name: string): string {
  const words = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return words.slice(0, 60) || 'recording';
}

/**
 * The recording as a file for Jest that needs nothing else: no package, no configuration, no import, so that it is run as it
 * is in CommonJS and in modules. The steps come first, as a tester would have written them; what they use is below.
 */
export function jestTestOf(recording: Recording, settings: ExportSettings): string {
  const { name } = recording;
  const body = new Body(recording).lines();
  return `/*
 * ${comment(name)}
 *
 * Recorded with the Drawbridge console. Run it with Jest and Node 22 or newer, in a folder with a package.json (\`npm init -y\`
 * makes one); it needs nothing else:
 *
 *     npx jest ${fileNameOf(name)}.test.js
 *
 * It signs both people in, so run it where that is allowed to be done by a program. All settings can be given by the
 * environment: another server is DRAWBRIDGE_URL, with CLIENT_ID and REDIRECT_URI as they are registered there.
 */
const settings = {
  url: process.env.DRAWBRIDGE_URL ?? ${print(settings.publicUrl)},
  clientId: process.env.CLIENT_ID ?? ${print(settings.clientId)},
  redirectUri: process.env.REDIRECT_URI ?? ${print(settings.redirectUri)},
  scopes: ${print([...settings.scopes], '  ')},
};
const people = {
${SIDES.map((side) => personLine(side, recording, settings)).join('\n')}
};

let left;
let right;
beforeAll(async () => {
  left = new Person('LEFT', { ...settings, ...people.left });
  right = new Person('RIGHT', { ...settings, ...people.right });
  // One after the other: where the second cannot, the first is there to be signed out again.
  await left.signIn();
  await right.signIn();
}, 60_000);
afterAll(async () => {
  await Promise.all([left.signOut(), right.signOut()]);
});

test(${print(name)}, async () => {
${body.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}
}, 120_000);

${settings.helper.replace(FOR_BIOME, '').trim()}
`;
}

function personLine(side: Side, { people }: Recording, { demo }: Settings): string {
  const { id } = people[side];
  const upper = side.toUpperCase();
  // Only the people of the demo are known to sign in with what they are called; anybody else's password is not ours to write.
  const isDemo = demo?.logins.includes(id) ?? false;
  const login = `process.env.${upper}_LOGIN${isDemo ? ` ?? ${print(id)}` : ''}`;
  const password = `process.env.${upper}_PASSWORD${isDemo ? ` ?? ${print(demo?.password ?? '')}` : ''}`;
  return `  ${side}: { login: ${login}, password: ${password} },`;
}

class Body {
  readonly #lines: string[] = [];
  /** Names that are constants by now. */
  readonly #known = new Set<string>(['left', 'right', 'lastSeq']);
  /** Of a command: the constant that its id is in. */
  readonly #sent = new Map<number, string>();
  readonly #counts = new Map<string, number>();

  /** In which step a name is used last. */
  readonly #lastUses = new Map<string, number>();

  constructor(private readonly recording: Recording) {
    for (const [index, step] of recording.steps.entries())
      for (const symbol of 'data' in step ? symbolsIn(step.data) : []) this.#lastUses.set(symbol, index);
  }

  lines(): readonly string[] {
    const { steps, conversations } = this.recording;
    const sides = SIDES.filter((side) => steps.some((step) => step.side === side));
    if (conversations.length > 0 || this.#names().length > 0) {
      this.#say('Who they are on this server, and what was there before.');
      for (const side of sides) this.#lines.push(`await ${side}.open();`);
      for (const known of conversations) this.#find(known);
      for (const side of sides) this.#lines.push(`await ${side}.leave();`);
    }
    for (const [index, step] of steps.entries()) this.#step(step, index);
    this.#say('Everything that was on its way has come by now, and nothing else is there: what came, came once.');
    for (const side of sides) this.#lines.push(`expect(await ${side}.rest()).toEqual([]);`);
    return this.#lines;
  }

  /** Of the two people, where the steps speak of them: what they are called is known when they have been connected. */
  #names(): readonly string[] {
    return this.recording.steps.flatMap((step) => ('data' in step ? symbolsIn(step.data) : [])).filter(isSide);
  }

  #find({ symbol, kind, title, members }: KnownConversation): void {
    const side = SIDES.find((each) => members.some((member) => symbolIn(member) === each)) ?? 'left';
    const others = members.filter((member) => symbolIn(member) !== side);
    const of = `const ${identifier(symbol)} = await ${side}`;
    if (kind === 'direct') this.#lines.push(`${of}.conversationWith(${this.#js(others[0] ?? { $: side }, side)});`);
    else this.#lines.push(`${of}.groupCalled(${print(title ?? '')}, ${this.#js(others, side)});`);
    this.#known.add(symbol);
  }

  #step(step: Step, index: number): void {
    const { side } = step;
    const name = this.recording.people[side].name;
    if (step.isOff) {
      this.#leftOut(step);
      return;
    }
    switch (step.kind) {
      case 'open':
        if (step.isUnopened) {
          this.#say(`${name} connects, and opens no session.`);
          this.#lines.push(`await ${side}.connect();`);
          return;
        }
        this.#say(`${name} connects${step.resume ? ', and goes on where they were' : ''}.`);
        this.#lines.push(opened(side, step.resume, step.isTokenBroken === true));
        return;
      case 'send':
        this.#send(step, index);
        return;
      case 'raw':
        this.#say(`${name} sends what is no frame.`);
        this.#lines.push(`${side}.write(${print(step.text)});`);
        return;
      case 'close':
        this.#say(`${name} closes the connection.`);
        this.#lines.push(`await ${side}.close(${step.code}, ${print(step.reason)});`);
        return;
      case 'drop':
        this.#say(`${name} ${DROPPED[step.why]}.`);
        this.#lines.push(`${side}.drop();`);
        return;
      case 'reply':
        this.#reply(step);
        return;
      case 'event':
        this.#event(step, name);
        return;
      case 'closed':
        this.#say(`The bridge closes ${name}’s connection.`);
        this.#lines.push(
          `expect(await ${side}.untilClosed()).toMatchObject({ code: ${step.code}, reason: ${print(step.reason)} });`,
        );
    }
  }

  #send({ side, number, command, data }: Step & { kind: 'send' }, index: number): void {
    this.#say(`${this.recording.people[side].name}: ${command}.`);
    for (const symbol of symbolsIn(data)) {
      if (this.#known.has(symbol)) continue;
      this.#known.add(symbol);
      if (symbol.startsWith('clientId') || symbol.startsWith('nothing'))
        this.#lines.push(`const ${identifier(symbol)} = crypto.randomUUID();`);
      else
        this.#lines.push(
          `const ${identifier(symbol)} = ${print(symbol)}; // It was there before: say here which one is meant.`,
        );
    }
    const sent = `${side}.send(${print(command)}, ${this.#js(data, side)})`;
    const next = this.recording.steps[index + 1];
    if (next?.kind === 'reply' && next.to === number && !next.isOff) this.#sent.set(number, sent);
    else {
      const constant = this.#constant('sent');
      this.#lines.push(`const ${constant} = ${sent};`);
      this.#sent.set(number, constant);
    }
  }

  #reply(step: ReplyStep): void {
    const { side, to, event, data } = step;
    const sent = this.#sent.get(to);
    if (sent === undefined) return;
    if (event === 'error') {
      this.#lines.push(`expect(await ${side}.refusal(${sent})).toMatchObject(${this.#js(data, side)});`);
      return;
    }
    this.#expect('reply', `await ${side}.reply(${sent})`, step);
  }

  #event(step: EventStep, name: string): void {
    const { side, event, isDurable, data } = step;
    this.#say(`${name} gets ${event}${isDurable ? ', next' : ''}.`);
    if (!isDurable && isObject(data)) {
      // Which of them comes first, nobody promises: so this one is waited for.
      const plain = Object.entries(data).filter(([, each]) => typeof each !== 'object' || this.#isKnown(each));
      const values = plain.length === 0 ? '' : `, ${this.#js(Object.fromEntries(plain), side)}`;
      this.#lines.push(`await ${side}.passing(${print(event)}${values});`);
      return;
    }
    this.#expect('event', `await ${side}.${isDurable ? 'next' : 'passing'}(${print(event)})`, step);
  }

  /** An expectation, and constants for what later steps need of what was found. */
  #expect(kind: string, found: string, step: ReplyStep | EventStep): void {
    const { data, side } = step;
    const learned = new Map<string, string>();
    const pages: { readonly path: string; readonly each: Template }[] = [];
    const known = this.#onlyKnown(data, '', learned, pages);
    const index = this.recording.steps.findIndex((each) => each === step || isSame(each, step));
    const needed = [...learned].filter(([symbol]) => this.#lastUses.get(symbol)! > index);
    if (needed.length === 0 && pages.length === 0) {
      this.#lines.push(isEmpty(known) ? `${found};` : `expect(${found}).toMatchObject(${this.#js(known, side)});`);
      return;
    }
    const constant = this.#constant(kind);
    this.#lines.push(`const ${constant} = ${found};`);
    if (!isEmpty(known)) this.#lines.push(`expect(${constant}).toMatchObject(${this.#js(known, side)});`);
    for (const { path, each } of pages) {
      const id = this.#js((each as { id: Template }).id, side);
      this.#lines.push(
        `expect(${constant}${path}.filter(({ id }) => id === ${id})).toMatchObject([${this.#js(each, side)}]);`,
      );
    }
    for (const [symbol, path] of needed) {
      this.#known.add(symbol);
      this.#lines.push(`const ${identifier(symbol)} = ${constant}${path};`);
    }
  }

  /** What can be expected by now; the names that nothing is known of yet are learned from where they are. */
  #onlyKnown(
    data: Template,
    path: string,
    learned: Map<string, string>,
    pages: { readonly path: string; readonly each: Template }[],
  ): Template | undefined {
    const symbol = symbolIn(data);
    if (symbol !== undefined) {
      if (this.#known.has(symbol)) return data;
      if (!learned.has(symbol)) learned.set(symbol, path);
      return undefined;
    }
    if (Array.isArray(data))
      return data.map((each: Template, index) => this.#onlyKnown(each, `${path}[${index}]`, learned, pages) ?? {});
    if (!isObject(data) || '$any' in data) return data;
    if (Array.isArray(data.$has)) {
      for (const each of data.$has) pages.push({ path, each: this.#onlyKnown(each, path, new Map(), []) ?? {} });
      return undefined;
    }
    const entries = Object.entries(data).map(([key, each]) => [
      key,
      // What a key is, a file that somebody else made says.
      this.#onlyKnown(each, `${path}${IDENTIFIER.test(key) ? `.${key}` : `[${quoted(key)}]`}`, learned, pages),
    ]);
    return Object.fromEntries(entries.filter(([, each]) => each !== undefined));
  }

  #isKnown(template: Template): boolean {
    const symbol = symbolIn(template);
    return symbol !== undefined && this.#known.has(symbol);
  }

  #leftOut(step: Step): void {
    if (step.kind === 'reply') {
      const sent = this.#sent.get(step.to);
      // Whatever it says: but where a later step needs an id of it, that is all.
      if (sent !== undefined && step.event === 'ok')
        this.#expect('reply', `await ${step.side}.reply(${sent})`, { ...step, data: onlyNames(step.data) });
      return;
    }
    if (step.kind !== 'event' || !step.isDurable) return;
    const isElsewhere = this.recording.steps.some(
      (each) => each.kind === 'event' && !each.isOff && each.side === step.side && each.event === step.event,
    );
    this.#say(`${step.event} may come here, and is not looked at.`);
    this.#lines.push(
      isElsewhere
        ? `await ${step.side}.next(${print(step.event)});`
        : `${step.side}.ignored.add(${print(step.event)});`,
    );
  }

  #constant(kind: string): string {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return `${kind}${count}`;
  }

  #say(text: string): void {
    this.#lines.push('', `// ${comment(text)}`);
    if (this.#lines[0] === '') this.#lines.shift();
  }

  #js(template: Template | undefined, side: Side): string {
    return print(template ?? {}, '  ', side);
  }
}

const DROPPED = {
  dropped: 'loses the connection',
  offline: 'goes offline',
  away: 'has been there before, and is away',
} as const;

const isSide = (symbol: string) => symbol === 'left' || symbol === 'right';
/** Nothing is said in it that could be otherwise. */
const isEmpty = (template: Template | undefined): boolean =>
  template === undefined ||
  (isObject(template) && Object.values(template).every((each) => isObject(each) && isEmpty(each)));
/** A reply that was changed on the way is still the one that answers this command. */
const isSame = (one: Step, other: Step) => one.kind === 'reply' && other.kind === 'reply' && one.to === other.to;
const comment = (text: string) => inSight(text.replaceAll(/\s+/g, ' ').replaceAll('*/', '* /'));
/** What changes the direction of a line, so that it reads otherwise than it runs (CVE-2021-42574), and what is not seen at all. */
const HIDDEN = /[\p{Bidi_Control}\p{Cc}\u200b\u2028\u2029\u2060\ufeff]/gu;
const inSight = (text: string) =>
  text.replaceAll(HIDDEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Only where names are: what else is there is not expected. */
function onlyNames(data: Template): Template {
  if (!isObject(data) || symbolIn(data) !== undefined) return data;
  const kept = Object.entries(data).filter(([, each]) => isObject(each) && symbolsIn(each).length > 0);
  return Object.fromEntries(kept.map(([key, each]) => [key, onlyNames(each)]));
}

/** About this repository, and nobody else's. */
const FOR_BIOME = /^\/\/ biome-ignore-all.*\n/;
const LINE = 100;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

function opened(side: Side, resume: boolean, isTokenBroken: boolean): string {
  const token = isTokenBroken ? `token: \`\${${side}.token}AAAA\`` : '';
  const options = [resume ? 'resume: true' : '', token].filter(Boolean).join(', ');
  const open = `${side}.open(${options === '' ? '' : `{ ${options} }`})`;
  return isTokenBroken ? `await expect(${open}).rejects.toThrow('unauthenticated');` : `await ${open};`;
}

/** JavaScript for a template: on one line, where it fits. */
function print(value: Template, indent = '', side?: Side): string {
  const line = onOneLine(value, side);
  if (line.length + indent.length <= LINE || typeof value !== 'object' || value === null) return line;
  const inner = `${indent}  `;
  if (Array.isArray(value))
    return `[\n${value.map((each: Template) => `${inner}${print(each, inner, side)},\n`).join('')}${indent}]`;
  const entries = Object.entries(value as { readonly [key: string]: Template });
  return `{\n${entries.map(([key, each]) => `${inner}${field(key, print(each, inner, side))},\n`).join('')}${indent}}`;
}

function onOneLine(value: Template, side: Side | undefined): string {
  if (Array.isArray(value)) return `[${value.map((each: Template) => onOneLine(each, side)).join(', ')}]`;
  if (!isObject(value)) return typeof value === 'string' ? quoted(value) : JSON.stringify(value);
  const symbol = symbolIn(value);
  if (symbol === 'lastSeq') return `${side}.lastSeq`;
  if (symbol !== undefined) return isSide(symbol) ? `${symbol}.id` : identifier(symbol);
  if ('$any' in value) return 'expect.any(String)';
  const entries = Object.entries(value);
  if (entries.length === 0) return '{}';
  return `{ ${entries.map(([key, each]) => field(key, onOneLine(each, side))).join(', ')} }`;
}

function field(key: string, js: string): string {
  // Without the brackets it would be what the object inherits from.
  if (key === '__proto__') return `['__proto__']: ${js}`;
  if (!IDENTIFIER.test(key)) return `${quoted(key)}: ${js}`;
  return key === js ? key : `${key}: ${js}`;
}

/** Of a file that somebody else made: what is no name is not written into a program. */
function identifier(symbol: string): string {
  if (!IDENTIFIER.test(symbol)) throw new Error(`“${symbol}” cannot be the name of something.`);
  return symbol;
}

function quoted(text: string): string {
  const json = inSight(JSON.stringify(text));
  if (text.includes("'")) return json;
  return `'${json.slice(1, -1).replaceAll('\\"', '"')}'`;
}
