import { randomUUID } from 'node:crypto';
import { asyncApiDocument, COMMANDS, EXAMPLE } from '@drawbridge/protocol';
import type { Random } from '../chaos/random.js';
import {
  type Entries,
  entriesOf,
  nested,
  objectText,
  oddName,
  oddWord,
  spoiltData,
  spoiltText,
} from './hostile-json.js';
import type { Judge, State, Verdict } from './judge.js';
import { OPCODE, rawFrame, textFrame } from './raw-frames.js';

export interface Attack {
  /** What kind of mischief it is. */
  readonly what: string;
  readonly bytes: Buffer;
  /** For whoever looks for what went wrong. */
  readonly shown: string;
  /** Of two frames of one id, two. */
  readonly verdicts: readonly Verdict[];
}

/** Ids in a bridge that is attacked. */
export interface World {
  /** By the names in EXAMPLE: what the attackers may see. */
  readonly own: Readonly<Record<string, string>>;
  /** What is none of their business. */
  readonly foreign: { readonly conversation: string; readonly message: string };
}

const EVENTS = Object.keys(COMMANDS);
const PROPERTIES = propertiesOfCommands();
const MAX_BAD_UTF8 = [[0xc3, 0x28], [0xff], [0xed, 0xa0, 0x80], [0xf0, 0x82, 0x82, 0xac], [0xe2, 0x82]];
const FRAGMENTS_TOO_MANY = 16_400;

/** Makes attacks, one after the other, from a row of random numbers. */
export class Attacks {
  #made = 0;

  constructor(
    private readonly random: Random,
    private readonly world: World,
    private readonly judge: Judge,
    private readonly name: string,
  ) {}

  next(state: State): Attack {
    const dice = this.random.below(1_000);
    // Whatever ends an open session costs another opening, so it is rare there.
    if (dice < (state === 'open' ? 4 : 60)) return this.brokenFrame();
    if (dice < (state === 'open' ? 12 : 180))
      return this.message(state, 'no frame', spoiltText(this.random, this.command()));
    if (dice < 260) return this.fragmented(state);
    if (dice < 300) return this.controlFrame();
    if (dice < 340) return this.message(state, 'an event of no command', this.unknownEvent());
    if (dice < 380) return this.message(state, 'odd keys of the frame', this.oddFrame());
    if (dice < 460) return this.message(state, 'words of every kind', this.words());
    if (dice < 520) return this.message(state, 'a command', this.command());
    if (dice < 560 && state === 'open') return this.twice();
    if (dice < 640 && state === 'open') return this.foreignIds();
    return this.message(state, 'spoilt data', this.spoilt());
  }

  private message(state: State, what: string, text: string): Attack {
    return { what, bytes: textFrame(text), shown: text, verdicts: [this.judge.text(state, text)] };
  }

  private id(): string {
    this.#made += 1;
    const number = `${this.name}-${this.#made}`;
    if (this.random.below(20) > 0) return number;
    const odd = this.random.of(['\ud800', '__proto__', "';--", '<b>', '🎧'.repeat(50), '\u0000', 'x'.repeat(50)]);
    return `${number}${odd}`;
  }

  /** With what means something in this bridge. Signing out would end the attack. */
  private example(): { event: string; data: Entries } {
    const event = this.random.of(EVENTS.filter((name) => name !== 'session.close'));
    const { data } = this.random.of(COMMANDS[event]!.examples);
    let text = JSON.stringify(data).replaceAll(EXAMPLE.clientId, randomUUID());
    for (const [name, id] of Object.entries(this.world.own))
      text = text.replaceAll(EXAMPLE[name as keyof typeof EXAMPLE], id);
    return { event, data: entriesOf(JSON.parse(text)) };
  }

  private frame(event: string, data: Entries, id = this.id()): string {
    return `{"event":${JSON.stringify(event)},"id":${JSON.stringify(id)},"data":${objectText(data)}}`;
  }

  private command(): string {
    const { event, data } = this.example();
    return this.frame(event, data);
  }

  private spoilt(): string {
    // Of session.close everything but what it takes.
    if (this.random.below(EVENTS.length) === 0) return this.frame('session.close', [[oddName(this.random), 1]]);
    const { event, data } = this.example();
    let spoilt = spoiltData(this.random, data, PROPERTIES[event]!);
    while (this.random.below(4) === 0) spoilt = spoiltData(this.random, spoilt, PROPERTIES[event]!);
    return this.frame(event, spoilt);
  }

  /** Strings of people, and ids, that are somebody's attack on a database or a page. */
  private words(): string {
    const { event, data } = this.example();
    const strings = data.filter(([, value]) => typeof value === 'string').map(([name]) => name);
    const spoilt = strings.length === 0 ? undefined : this.random.of(strings);
    return this.frame(
      event,
      data.map(([name, value]) => [name, name === spoilt ? oddWord(this.random) : value]),
    );
  }

  private unknownEvent(): string {
    const { event, data } = this.example();
    const odd = [
      oddName(this.random),
      `${event} `,
      event.toUpperCase(),
      `${event}\u0000`,
      'hello',
      'ok',
      'message.created',
    ];
    return this.frame(this.random.of(odd), data);
  }

  private oddFrame(): string {
    const text = this.command();
    const key = `${JSON.stringify(oddName(this.random))}:${nested(this.random, this.random.below(14)).text}`;
    const odd = [
      `{${key},${text.slice(1)}`,
      `${text.slice(0, -1)},${key}}`,
      `{"event":"ping","id":"never",${text.slice(1)}`,
      ` \n\t${text}\r\n`,
      text.replace(/"data":.*/s, () => `"data":${this.random.of(['null', '7', '[]', '"x"', 'true'])}}`),
      text.replace(/,"data":.*/s, '}'),
      `${text.slice(0, -1)},"pad":"${'x'.repeat(this.random.of([60_000, 66_000]))}"}`,
    ];
    return this.random.of(odd);
  }

  /** As if one were somewhere that one is not. */
  private foreignIds(): Attack {
    const { conversation, message } = this.world.foreign;
    const { random } = this;
    const clientId = randomUUID();
    const [event, data] = random.of<readonly [string, object]>([
      ['conversation.get', { conversation }],
      ['conversation.history', { conversation }],
      ['conversation.members', { conversation }],
      ['conversation.read', { conversation, upTo: 1 }],
      ['conversation.update', { conversation, title: 'Mine' }],
      ['conversation.update', { conversation, add: ['bob'] }],
      ['message.send', { conversation, text: 'Hi', clientId }],
      ['message.send', { to: random.of(['nobody', 'mallory', '\u202e']), text: 'Hi', clientId }],
      ['message.edit', { message, text: 'Changed' }],
      ['message.delete', { message }],
      ['reaction.add', { message, emoji: '🔥' }],
      ['reaction.remove', { message, emoji: '🔥' }],
      ['typing.start', { conversation }],
      ['typing.stop', { conversation }],
    ]);
    const id = this.id();
    const codes = new Set(['not_found', 'rate_limited', 'unavailable']);
    const text = this.frame(event, entriesOf(data), id);
    const verdicts = [{ kind: 'reply', id, event, codes }] as const;
    return { what: 'what is none of their business', bytes: textFrame(text), shown: text, verdicts };
  }

  /** In one write, so that the first is in flight most of the time. Of two, one is done. */
  private twice(): Attack {
    const text = this.command();
    const verdict = this.judge.text('open', text);
    if (verdict.kind !== 'reply') return this.twice();
    const bytes = Buffer.concat([textFrame(text), textFrame(text)]);
    const codes = new Set([...verdict.codes, 'conflict']);
    return { what: 'one id twice', bytes, shown: text, verdicts: [verdict, { ...verdict, codes }] };
  }

  /** A text in pieces, with control frames between, and perhaps an empty piece. */
  private fragmented(state: State): Attack {
    const text = this.random.below(2) === 0 ? this.command() : this.spoilt();
    const whole = Buffer.from(text);
    const pieces: Buffer[] = [];
    let from = 0;
    const verdicts: Verdict[] = [];
    for (let opcode: number = OPCODE.text; ; opcode = OPCODE.continuation) {
      const to = Math.min(whole.length, from + this.random.below(Math.ceil(whole.length / 2) + 1));
      const fin = to === whole.length;
      pieces.push(rawFrame({ opcode, fin, payload: whole.subarray(from, to) }));
      from = to;
      if (fin) break;
      if (this.random.below(3) > 0) continue;
      const ping = this.ping();
      pieces.push(ping.bytes);
      verdicts.push(...ping.verdicts);
    }
    verdicts.push(this.judge.text(state, text));
    return { what: 'a text in pieces', bytes: Buffer.concat(pieces), shown: text, verdicts };
  }

  private controlFrame(): Attack {
    if (this.random.below(2) === 0) return this.ping();
    const payload = Buffer.from(oddWord(this.random));
    const bytes = rawFrame({ opcode: OPCODE.pong, payload: payload.subarray(0, 125) });
    return { what: 'a pong nobody asked for', bytes, shown: hex(bytes), verdicts: [{ kind: 'nothing' }] };
  }

  /** At most one pong waits, the latest. */
  private ping(): Attack {
    this.#made += 1;
    const payload = Buffer.from(`${this.name}-${this.#made}`);
    const bytes = rawFrame({ opcode: OPCODE.ping, payload });
    return { what: 'a ping', bytes, shown: hex(bytes), verdicts: [{ kind: 'pong', payload }] };
  }

  /** What the WebSocket protocol forbids, and binary frames: the end of the connection. */
  private brokenFrame(): Attack {
    const { random } = this;
    const payload = Buffer.from(this.command());
    const badUtf8 = Buffer.concat([Buffer.from('{"event":"'), Buffer.from(random.of(MAX_BAD_UTF8)), Buffer.from('"}')]);
    const { text, binary, ping, close, continuation } = OPCODE;
    const kinds: (readonly [what: string, code: number, bytes: () => Buffer])[] = [
      ['a binary frame', 4400, () => rawFrame({ opcode: binary, payload })],
      ['an empty binary frame', 4400, () => rawFrame({ opcode: binary })],
      ['a frame of 65,537 bytes', 1009, () => textFrame('x'.repeat(65_537))],
      ['a frame that claims 2^62 bytes', 1009, () => rawFrame({ opcode: text, payload, claims: 2n ** 62n })],
      ['a frame that claims 65,537 bytes', 1009, () => rawFrame({ opcode: text, claims: 65_537n })],
      ['pieces of more than 65,536 bytes', 1009, () => pieces(20_000, 4)],
      ['too many pieces', 1008, () => pieces(0, FRAGMENTS_TOO_MANY)],
      ['bytes that are no UTF-8', 1007, () => rawFrame({ opcode: text, payload: badUtf8 })],
      ['no mask', 1002, () => rawFrame({ opcode: text, payload, masked: false })],
      ['a reserved bit', 1002, () => rawFrame({ opcode: text, payload, rsv: random.of([1, 2, 4, 7]) })],
      ['a reserved opcode', 1002, () => rawFrame({ opcode: random.of([3, 4, 7, 11, 15]), payload })],
      ['a ping in pieces', 1002, () => rawFrame({ opcode: ping, fin: false })],
      ['a ping of 126 bytes', 1002, () => rawFrame({ opcode: ping, payload: Buffer.alloc(126) })],
      ['a piece of nothing', 1002, () => rawFrame({ opcode: continuation, payload })],
      ['a text between pieces', 1002, () => twoBegun(payload)],
      ['a close of one byte', 1002, () => rawFrame({ opcode: close, payload: Buffer.from([3]) })],
      [
        'a close of no such code',
        1002,
        () => rawFrame({ opcode: close, payload: closeOf(random.of([0, 999, 1004, 1005, 1006, 5000])) }),
      ],
      [
        'a close with a reason that is no UTF-8',
        1007,
        () => rawFrame({ opcode: close, payload: Buffer.from([3, 232, 0xff]) }),
      ],
    ];
    const [what, code, bytes] = random.of(kinds);
    const broken = bytes();
    return { what, bytes: broken, shown: hex(broken), verdicts: [{ kind: 'close', code }] };
  }
}

function hex(bytes: Buffer): string {
  return `0x${bytes.subarray(0, 300).toString('hex')}`;
}

function pieces(bytes: number, count: number): Buffer {
  const payload = Buffer.alloc(bytes, 'x');
  const first = rawFrame({ opcode: OPCODE.text, fin: false, payload });
  const more = rawFrame({ opcode: OPCODE.continuation, fin: false, payload });
  return Buffer.concat([first, ...Array<Buffer>(count).fill(more)]);
}

function twoBegun(payload: Buffer): Buffer {
  return Buffer.concat([
    rawFrame({ opcode: OPCODE.text, fin: false, payload }),
    rawFrame({ opcode: OPCODE.text, payload }),
  ]);
}

function closeOf(code: number): Buffer {
  return Buffer.from([code >> 8, code & 255]);
}

function propertiesOfCommands(): Record<string, readonly string[]> {
  const { components } = asyncApiDocument('https://bridge.example') as {
    components: { messages: Record<string, { payload: { properties: { data: { properties: object } } } }> };
  };
  return Object.fromEntries(
    EVENTS.map((event) => [event, Object.keys(components.messages[event]!.payload.properties.data.properties)]),
  );
}
