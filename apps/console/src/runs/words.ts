import { textOf } from '../parts/text.js';
import { NAME_MAX } from '../wire/frame-log.js';
import { isObject, type Recording, type Step, symbolIn, type Template } from './recording.js';

/** A step as a tester reads it: who, what, and with what. */
export function wordsOf(step: Step, { people }: Recording): { readonly does: string; readonly what: string } {
  const name = textOf(people[step.side].name, NAME_MAX);
  switch (step.kind) {
    case 'open':
      if (step.isUnopened) return { does: `${name} connects, and opens no session`, what: '' };
      if (step.isTokenBroken) return { does: `${name} connects with a broken token, and is refused`, what: '' };
      return { does: `${name} connects${step.resume ? ', and goes on where they were' : ''}`, what: '' };
    case 'send':
      return { does: `${name} sends ${step.command}`, what: brief(step.data) };
    case 'raw':
      return { does: `${name} sends what is no frame`, what: step.text };
    case 'close':
      return { does: `${name} closes the connection`, what: `${step.code} ${step.reason}`.trim() };
    case 'drop':
      return { does: `${name} ${DROPPED[step.why]}`, what: '' };
    case 'reply':
      return { does: `${name} is answered ${step.event} to ${step.command}`, what: brief(step.data) };
    case 'event':
      return { does: `${name} gets ${step.event}${step.isDurable ? ', once' : ''}`, what: brief(step.data) };
    case 'closed':
      return { does: `${name} is closed by the bridge`, what: `${step.code} ${step.reason}` };
  }
}

const DROPPED = {
  dropped: 'loses the connection',
  offline: 'goes offline',
  away: 'has been there before, and is away',
} as const;

/** That it is one, the command or the event says. */
const FLAT = new Set(['message', 'conversation']);

/** Names without their braces: a person reads it. */
function brief(template: Template): string {
  const symbol = symbolIn(template);
  if (symbol !== undefined) return symbol;
  if (Array.isArray(template)) return template.map(brief).join(', ') || 'none';
  if (!isObject(template)) return typeof template === 'string' ? `“${template}”` : String(template);
  if ('$any' in template) return 'any';
  if (Array.isArray(template.$has)) return template.$has.length === 0 ? 'any' : `each once: ${brief(template.$has)}`;
  // A person is who they are.
  if (Object.keys(template).length === 1 && template.id !== undefined) return brief(template.id);
  return Object.entries(template)
    .map(([key, value]) =>
      FLAT.has(key) && isObject(value) && symbolIn(value) === undefined ? brief(value) : `${key} ${brief(value)}`,
    )
    .join(', ');
}
