import type { Chat } from './chat.js';
import type { NewPerson, People } from './people.js';

/** Of everybody who is made at the first start. */
export const EXAMPLE_PASSWORD = 'commons-example';

const PEOPLE = [
  { id: 'u-1001', handle: 'alice', name: 'Alice Arden' },
  { id: 'u-1002', handle: 'bob', name: 'Bob Brook' },
  { id: 'u-1003', handle: 'mei', name: 'Mei Chen' },
] as const;

/** Three people and what they wrote, where there is nobody yet. */
export async function seed(chat: Chat, people: People): Promise<void> {
  if ((await chat.people()).length > 0) return;
  const [alice, bob, mei] = PEOPLE.map(({ id }) => id) as [string, string, string];
  await people.add(PEOPLE.map((each): NewPerson => ({ ...each, login: each.handle, password: EXAMPLE_PASSWORD })));
  const band = await chat.open(bob, [alice, mei], 'Friday band');
  await chat.send(bob, band, 'Rehearsal at seven?');
  await chat.send(mei, band, 'I bring the drums.');
  const direct = await chat.open(alice, [bob]);
  await chat.send(alice, direct, 'Did you hear the new record?');
  await chat.send(bob, direct, 'Twice already.');
}
