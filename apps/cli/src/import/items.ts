import { type Line, MAX_LINE_BYTES } from './lines.ts';

export type Json = Record<string, unknown>;

/** What a line asks for. */
export interface Item {
  readonly line: Line;
  readonly kind: Kind;
  readonly value: Json;
}

type Kind = 'person' | 'contacts' | 'blocks' | 'conversation' | 'message';
type Check = readonly [property: string, is: (value: unknown) => boolean, otherwise: string];

const PERSON = /^[A-Za-z0-9._-]{1,64}$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const isPerson = (value: unknown) => typeof value === 'string' && PERSON.test(value);
const isText = (value: unknown) => typeof value === 'string' && value !== '';
const arePeople = (value: unknown) => Array.isArray(value) && value.every(isPerson);

const person = (property: string): Check => [property, isPerson, 'must be 1 to 64 of A-Z a-z 0-9 . _ -'];
const text = (property: string): Check => [property, isText, 'must be a text'];
const people = (property: string): Check => [property, arePeople, 'must be a list of ids of persons'];
const CLIENT_ID: Check = ['clientId', (value) => typeof value === 'string' && UUID.test(value), 'must be a UUID'];

/** What has to be there, and can be told without the bridge; all the rest is for the bridge to say. */
const CHECKS: Readonly<Record<Kind, readonly Check[]>> = {
  person: [person('id'), text('handle'), text('name')],
  contacts: [person('person'), people('contacts')],
  blocks: [person('person'), people('blocks')],
  conversation: [person('from'), people('members'), CLIENT_ID],
  message: [person('from'), text('text'), CLIENT_ID],
};
const KINDS = Object.keys(CHECKS);

/** What a line asks for, or what is wrong with it. */
export function itemOf(line: Line): Item | string {
  if (line.text === undefined) return `is longer than ${MAX_LINE_BYTES} bytes`;
  let given: unknown;
  try {
    given = JSON.parse(line.text);
  } catch {
    return 'is not JSON';
  }
  const [entry, ...more] = typeof given === 'object' && given !== null ? Object.entries(given) : [];
  if (!entry || more.length > 0 || !KINDS.includes(entry[0]))
    return `must be an object with one of ${KINDS.join(', ')}`;
  const [kind, value] = entry as [Kind, Json];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${kind} must be an object`;
  const wrong = CHECKS[kind].find(([property, is]) => !is(value[property]));
  if (wrong) return `${kind}.${wrong[0]} ${wrong[2]}`;
  if (kind === 'message' && (value.to === undefined) === (value.conversation === undefined)) {
    return 'message must have either to or conversation';
  }
  return { line, kind, value };
}
