import { ActivityList, ContactsList, Nothing } from '../commands.js';
import { LIMITS } from '../limits.js';
import type { CommandDocs } from './command-docs.js';
import { EXAMPLE, SHOWN } from './examples.js';
import { list, next, object, view } from './views.js';

export const PEOPLE_COMMANDS: CommandDocs = {
  'contacts.list': {
    title: 'List the contacts',
    description: 'By handle.',
    scope: 'contacts.read',
    data: ContactsList,
    reply: object({ contacts: list(view('person'), LIMITS.maxContactsPage) }, { next }),
    errors: [],
    examples: [
      {
        summary: 'The first two',
        data: { limit: 2 },
        reply: { contacts: [SHOWN.people.bob, SHOWN.people.carol], next: EXAMPLE.cursor },
      },
    ],
  },
  'activity.list': {
    title: 'See what contacts share publicly',
    description:
      'Newest first: what people on the person’s contact list shared with everybody, but for those who have blocked the person or whom the person has blocked. What is no longer public is gone at once.',
    scope: 'public.read',
    data: ActivityList,
    reply: object({ activities: list(view('activity'), LIMITS.maxPage) }, { next }),
    errors: [],
    examples: [
      {
        summary: 'About one dish',
        data: { about: { kind: 'dish', id: 'lentil-soup' }, limit: 2 },
        reply: {
          activities: [
            {
              person: { id: 'bob', name: SHOWN.people.bob.name },
              verb: 'rated',
              object: { kind: 'dish', id: 'lentil-soup', name: 'Lentil soup' },
              at: SHOWN.at,
              url: 'https://tableside.example/dishes/lentil-soup',
            },
          ],
        },
      },
    ],
  },
  'presence.list': {
    title: 'See who is online',
    description: 'Of the contacts who have this person as a contact too. What changes then comes as `presence`.',
    scope: 'presence.read',
    data: Nothing,
    reply: object({ people: list(view('presence')) }),
    errors: [],
    examples: [
      {
        summary: 'One is, one was',
        data: {},
        reply: {
          people: [
            { id: 'bob', online: true },
            { id: 'carol', online: false, lastSeen: SHOWN.at },
          ],
        },
      },
    ],
  },
};
