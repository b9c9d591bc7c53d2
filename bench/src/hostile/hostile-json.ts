import type { Random } from '../chaos/random.js';

/** JSON text as it stands, for what `JSON.stringify` would never write. */
export class Raw {
  constructor(readonly text: string) {}
}

/** An object by its entries, so that a key may come twice, or be `__proto__`. */
export type Entries = readonly (readonly [name: string, value: unknown])[];

export function entriesOf(data: object): Entries {
  return Object.entries(data);
}

export function objectText(entries: Entries): string {
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${jsonText(value)}`).join(',')}}`;
}

export function jsonText(value: unknown): string {
  return value instanceof Raw ? value.text : (JSON.stringify(value) ?? 'null');
}

const WORDS = [
  "'; drop table message; --",
  "1' or '1'='1",
  '$1',
  '%s%n',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '../../../../etc/passwd',
  'ws://127.0.0.1:8080/bridge',
  '\u202eevil\u202c',
  '\ufeff',
  '\u0000',
  'a\u0000b',
  '\u2028\u2029',
  'Z\u0351\u036b\u0343\u036a\u0302'.repeat(40),
  '👨‍👩‍👧‍👦'.repeat(20),
  '\\',
  '"',
  '\n\r\t\b',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  '-1',
  '00000000-0000-0000-0000-000000000000',
  'e21c88ad-67c5-4b85-a6e5-f01233c99396',
  'bob',
  'nobody',
  '🔥',
  '🏴󠁧󠁢󠁥󠁮󠁧󠁿',
  '🔥🔥',
  'a',
  ' ',
] as const;

const RAW = [
  ...['1e999', '-1e999', '1e308', '-0', '0', '1', '-1', '1.0', '1e2', '1.5', '9007199254740991', '9007199254740993'],
  ...['123456789012345678901234567890', '0.1e-400', 'null', 'true', 'false', '[]', '{}', '[[]]', '""', '[null]'],
  ...[
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"a\\ud83cb"',
    '"\\u0000"',
    '{"__proto__":null}',
    '{"length":1}',
    '{"toString":1}',
  ],
  ...['["bob","bob","carol"]', '["alice"]', '["__proto__"]', '{"epoch":"e","after":0}', '{"name":"x","version":"1"}'],
] as const;

/** Something that is of no use where it is put, most of the time. */
export function oddValue(random: Random): unknown {
  switch (random.below(8)) {
    case 0:
      return long(random);
    case 1:
      return Array.from({ length: random.of([1, 20, 21, 250, 251, 2_000]) }, () => random.of(['bob', 'carol', 'x', 7]));
    case 2:
      return nested(random, random.of([1, 3, 13, 14, 15, 16, 17, 40]));
    case 3:
    case 4:
      return random.of(WORDS);
    default:
      return new Raw(random.of(RAW));
  }
}

export function oddWord(random: Random): string {
  return random.of(WORDS);
}

export function oddName(random: Random): string {
  const all = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', '', 'x'.repeat(3_000)];
  return random.of([...all, 'Conversation', 'conversation ', 'clientid', '0', 'length', '<b>', 'rule', 'problem']);
}

/** At a limit, or far over it. */
function long(random: Random): string {
  const times = random.of([64, 65, 128, 129, 200, 201, 512, 513, 1_024, 1_025, 4_000, 4_001, 15_000]);
  return random.of(['x', '🎧', 'é', '\u0001']).repeat(times);
}

export function nested(random: Random, levels: number): Raw {
  const [open, close] = random.of([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"__proto__":', '}'],
  ] as const);
  return new Raw(`${open.repeat(levels)}1${close.repeat(levels)}`);
}

/** The data of a command with something wrong in it, most of the time. */
export function spoiltData(random: Random, data: Entries, known: readonly string[]): Entries {
  const at = random.below(Math.max(1, data.length));
  const target = data[at];
  const others = data.filter((_, index) => index !== at);
  if (target && isObject(target[1]) && random.below(2) === 0) {
    const inner = spoiltData(random, entriesOf(target[1]), Object.keys(target[1]));
    return [...others, [target[0], new Raw(objectText(inner))]];
  }
  switch (random.below(target ? 7 : 3)) {
    case 0:
      return [...data, [oddName(random), oddValue(random)]];
    case 1:
      return known.length === 0 ? [...data, ['x', 1]] : [...data, [random.of(known), oddValue(random)]];
    case 2:
      return [['__proto__', new Raw('{"polluted":true}')], ...data];
    case 3:
      return others;
    case 4:
      return [[target![0], oddValue(random)], ...data];
    default:
      return [...others, [target![0], oddValue(random)]];
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Raw);
}

/** Text that is no frame, most of the time. */
export function spoiltText(random: Random, text: string): string {
  const cut = random.below(text.length);
  const [begin, end] = [text.slice(0, cut), text.slice(cut)];
  switch (random.below(12)) {
    case 0:
      return begin;
    case 1:
      return end;
    case 2:
      return `${text}${random.of([',', '}', ']', 'x', '{}', '\0', text])}`;
    case 3:
      return `\ufeff${text}`;
    case 4:
      return `[${text}]`;
    case 5:
      return `${begin}${String.fromCharCode(random.below(128))}${end.slice(1)}`;
    case 6:
      return random.of([
        '',
        ' ',
        'null',
        'true',
        '7',
        '"x"',
        '[]',
        '{}',
        'undefined',
        'NaN',
        '{',
        '{"event"',
        '//',
        "{'a':1}",
      ]);
    case 7:
      return nested(random, random.of([17, 100, 20_000])).text;
    case 8:
      return text.replace(
        /"id":"[^"]*"/,
        `"id":${random.of(['7', 'null', '""', '{}', '["a"]', 'true', `"${'x'.repeat(65)}"`])}`,
      );
    case 9:
      return text.replace(/"event":"[^"]*"/, `"event":${random.of(['7', 'null', '{}', '[]', 'true', '["ping"]'])}`);
    case 10:
      return `{"trace":${nested(random, random.of([16, 30])).text},${text.slice(1)}`;
    default:
      return text.replace(/"(event|id)":/, random.of(['"ID":', '"Event":', '"":', '"__proto__":']));
  }
}
