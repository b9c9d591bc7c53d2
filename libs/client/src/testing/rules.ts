import { refusal } from './commands.js';

/** Whether a value may stand there. */
type Check = (value: unknown) => boolean;

interface Rule {
  /** What has to be there. */
  readonly needs?: Readonly<Record<string, Check>>;
  /** What may be there; nothing else may. */
  readonly takes?: Readonly<Record<string, Check>>;
  /** Of these exactly one. */
  readonly one?: readonly string[];
  /** Of these one at least. */
  readonly some?: readonly string[];
}

const text =
  (most: number, least = 1): Check =>
  (value) => {
    if (typeof value !== 'string' || value.includes('\0') || /\p{Surrogate}/u.test(value)) return false;
    const length = [...value].length;
    return length >= least && length <= most;
  };
const whole =
  (least: number, most = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
const list =
  (most: number, least = 0): Check =>
  (value) =>
    Array.isArray(value) && value.length >= least && value.length <= most && value.every(id);
const id = text(64);
const uuid: Check = (value) => typeof value === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value);
const emoji: Check = (value) =>
  text(64)(value) && /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u.test(value as string);
const title: Check = (value) => {
  const { kind, id: name, name: shown, url } = (value ?? {}) as Record<string, unknown>;
  return [kind, name, shown].every(text(200)) && typeof url === 'string' && url.startsWith('https://');
};

const MAX_MEMBERS = 250;
const MAX_RECIPIENTS = 20;
const message = { message: id };
const conversation = { conversation: id };
const page = { cursor: text(1_000), limit: whole(1, 100) };

const RULES: Readonly<Record<string, Rule>> = {
  'conversation.list': { takes: page },
  'conversation.get': { needs: conversation },
  'conversation.members': { needs: conversation, takes: page },
  'conversation.create': { needs: { members: list(MAX_MEMBERS, 1), clientId: uuid }, takes: { title: text(200) } },
  'conversation.update': {
    needs: conversation,
    takes: { title: text(200), add: list(MAX_MEMBERS), remove: list(MAX_MEMBERS) },
    some: ['title', 'add', 'remove'],
  },
  'conversation.history': { needs: conversation, takes: { before: whole(1), limit: whole(1, 100) } },
  'conversation.read': { needs: { ...conversation, upTo: whole(0) } },
  'message.send': {
    needs: { text: text(4_000), clientId: uuid },
    takes: { conversation: id, to: id, replyTo: id },
    one: ['conversation', 'to'],
  },
  'message.edit': { needs: { ...message, text: text(4_000) } },
  'message.delete': { needs: message },
  'reaction.add': { needs: { ...message, emoji } },
  'reaction.remove': { needs: { ...message, emoji } },
  'typing.start': { needs: conversation },
  'typing.stop': { needs: conversation },
  'mailbox.ack': { needs: { seq: whole(0) } },
  'contacts.list': { takes: { ...page, limit: whole(1, 200) } },
  'recommendation.send': {
    needs: { to: list(MAX_RECIPIENTS, 1), title, clientId: uuid },
    takes: { note: text(280) },
  },
  'activity.list': { takes: { ...page, about: (about) => about instanceof Object } },
};

/** Refuses what the real bridge refuses before it looks at anything: `invalid_data`, with each mistake. */
export function check(command: string, data: Readonly<Record<string, unknown>>): void {
  const { needs = {}, takes = {}, one, some } = RULES[command] ?? {};
  const issues = Object.entries({ ...takes, ...needs })
    .filter(([path, isRight]) => (data[path] !== undefined || path in needs) && !isRight(data[path]))
    .map(([path]) => ({ path, problem: 'is not what the protocol asks for' }));
  for (const path of Object.keys(data))
    if (!(path in needs) && !(path in takes)) issues.push({ path, problem: 'is not known' });
  const given = (names: readonly string[]) => names.filter((name) => data[name] !== undefined).length;
  if (one && given(one) !== 1) issues.push({ path: one.join(', '), problem: 'exactly one has to be there' });
  if (some && given(some) === 0) issues.push({ path: some.join(', '), problem: 'one has to be there' });
  if (issues.length > 0) throw refusal('invalid_data', { issues });
}
