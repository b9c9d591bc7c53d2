import type { Message } from '@drawbridge/client';
import type { Talk } from '../chat/talks.js';
import { oneLine, plain } from '../plain.js';

/** What a message says, in lines. */
export function body({ text, title, note, deletedAt }: Message): string {
  if (deletedAt) return '(deleted)';
  if (!title) return plain(text ?? '');
  const said = note ? ` “${oneLine(note)}”` : '';
  return `recommends ${oneLine(title.name)} ${oneLine(title.url)}${said}`;
}

/** The same in one line, with who said it. */
export function gist(message: Message, me: string | undefined): string {
  const who = message.from.id === me ? 'You' : oneLine(message.from.name);
  return `${who}: ${body(message).replaceAll('\n', ' ')}`;
}

/** Who types, as a sentence. */
export function typists({ typing, people }: Talk): string | undefined {
  const names = typing.map((id) => oneLine(people.find((person) => person.id === id)?.name ?? 'Somebody'));
  if (names.length === 0) return undefined;
  return names.length === 1 ? `${names[0]} is typing…` : `${names.length} people are typing…`;
}

/** The time of day, in the person's own zone; with the date where it was another day. */
export function when(sentAt: string, now = new Date()): string {
  const date = new Date(sentAt);
  const time = date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  if (date.toDateString() === now.toDateString()) return time;
  return `${date.toLocaleDateString(undefined, { day: 'numeric', month: 'short' })} ${time}`;
}
