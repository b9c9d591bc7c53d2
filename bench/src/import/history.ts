import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { Random } from '../chaos/random.js';
import type { ImportOptions } from './options.js';

const CONTACTS = 20;
/** One group for so many people; most are small, and a few are not. */
const PEOPLE_FOR_A_GROUP = 10;
const LARGEST_GROUP = 120;
/** Of what is said. */
const SHARE_OF_GROUPS = 0.3;
/** How often somebody goes on in the conversation they are in, and how often the other one answers. */
const SHARE_GOES_ON = 0.8;
const STARTED_AT_MS = Date.UTC(2021, 0, 1);
const YEARS_MS = 4 * 365 * 86_400_000;
const WORDS =
  'yes no maybe tonight tomorrow the a to at and where when who is are we you they come bring home late soon ok thanks café naïve größer 你好 привет 🎧 👍'.split(
    ' ',
  );
const CHUNK = 1_000;

export interface History {
  readonly lines: number;
  readonly bytes: number;
  readonly conversations: number;
}

/** Two people, or a group, and how much is said there. */
interface Talk {
  readonly people: readonly number[];
  readonly group?: string;
}

/** A file as a platform would write it: people, whom they know, their groups, and then years of what they wrote, in its order. */
export async function writeHistory(path: string, { messages, people, seed }: ImportOptions): Promise<History> {
  const random = new Random(seed);
  const file = createWriteStream(path);
  let [lines, bytes] = [0, 0];
  let chunk: string[] = [];
  const write = async (line: object) => {
    lines += 1;
    chunk.push(`${JSON.stringify(line)}\n`);
    if (chunk.length < CHUNK) return;
    const text = chunk.join('');
    chunk = [];
    bytes += Buffer.byteLength(text);
    if (!file.write(text)) await once(file, 'drain');
  };
  const id = (n: number) => `person-${n}`;
  for (let n = 0; n < people; n++) await write({ person: { id: id(n), handle: `p${n}`, name: `Person ${n}` } });
  const pairs = new Map<string, Talk>();
  for (let n = 0; n < people; n++) {
    const known = new Set(Array.from({ length: CONTACTS }, () => random.below(people)));
    known.delete(n);
    await write({ contacts: { person: id(n), contacts: [...known].map(id) } });
    // With some of them something is said.
    for (const other of [...known].slice(0, CONTACTS / 2))
      pairs.set(`${Math.min(n, other)} ${Math.max(n, other)}`, { people: [n, other] });
  }
  const groups: Talk[] = [];
  for (let n = 0; n < Math.max(1, people / PEOPLE_FOR_A_GROUP); n++) {
    const size = Math.min(people, 3 + Math.floor(LARGEST_GROUP * random.next() ** 6));
    const members = new Set<number>();
    while (members.size < size) members.add(random.below(people));
    const group = uuid(random);
    const [from, ...others] = [...members];
    const createdAt = new Date(STARTED_AT_MS).toISOString();
    await write({
      conversation: { from: id(from!), members: others.map(id), title: `Group ${n}`, clientId: group, createdAt },
    });
    groups.push({ people: [...members], group });
  }
  const heard = new Set<Talk>();
  const direct = [...pairs.values()];
  let talk = groups[0]!;
  for (let n = 0; n < messages; n++) {
    if (random.next() > SHARE_GOES_ON) talk = some(random, random.next() < SHARE_OF_GROUPS ? groups : direct);
    heard.add(talk);
    const from = random.of(talk.people);
    const to = talk.people.find((other) => other !== from)!;
    const where = talk.group === undefined ? { to: id(to) } : { conversation: talk.group };
    const sentAt = new Date(STARTED_AT_MS + Math.floor((n / messages) * YEARS_MS)).toISOString();
    await write({
      message: { from: id(from), ...where, text: `${n} ${words(random)}`, clientId: uuid(random), sentAt },
    });
  }
  const rest = chunk.join('');
  bytes += Buffer.byteLength(rest);
  file.end(rest);
  await finished(file);
  return { lines, bytes, conversations: heard.size };
}

/** A few are much talked in, and many hardly ever. */
function some<T>(random: Random, all: readonly T[]): T {
  return all[Math.floor(all.length * random.next() ** 3)]!;
}

/** Mostly a few words, now and then many. */
function words(random: Random): string {
  const count = 1 + Math.floor(12 * random.next() + 100 * random.next() ** 12);
  return Array.from({ length: count }, () => random.of(WORDS)).join(' ');
}

function uuid(random: Random): string {
  const hex = Array.from({ length: 4 }, () => random.below(4_294_967_296).toString(16).padStart(8, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
