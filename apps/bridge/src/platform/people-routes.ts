import { PERSON_ID, PeopleError } from '@drawbridge/people';
import { invalid, notFound } from '../api/api-error.js';
import { type Route, route } from '../api/route.js';
import type { PlatformParts } from './platform-parts.js';
import { Blocks, Contacts, PersonToPut } from './requests.js';

/** The persons of the platform, whom they know and whom they have blocked. */
export function peopleRoutes({ people, erasing }: PlatformParts): Route[] {
  return [
    route('PUT', '/people/:person', { body: PersonToPut }, async ({ body, param }) => {
      const id = param('person');
      if (!PERSON_ID.test(id)) throw invalid({ path: 'id', problem: 'must be 1 to 64 of A-Z a-z 0-9 . _ -' });
      const { handle, name } = await people.put({ id, ...body });
      return { body: { id, handle, name } };
    }),

    route('GET', '/people/:person', {}, async ({ param }) => {
      const person = await people.byId(param('person'));
      if (!person) throw notFound(`There is no person ${param('person')}.`);
      const { id, handle, name } = person;
      return { body: { id, handle, name } };
    }),

    route('DELETE', '/people/:person', {}, async ({ param, by }) => {
      const id = param('person');
      const receipts = await erasing.erase(id, by).catch((error: unknown) => {
        // Asked for again, because the first answer was lost.
        if (error instanceof PeopleError && error.code === 'erased') return [];
        throw error;
      });
      return { body: { id, erased: true, receipts } };
    }),

    route('PUT', '/people/:person/contacts', { body: Contacts }, async ({ body, param }) => {
      return { body: { contacts: await people.setContacts(param('person'), body.contacts) } };
    }),

    route('PUT', '/people/:person/blocks', { body: Blocks }, async ({ body, param }) => {
      return { body: { blocks: await people.setBlocks(param('person'), body.blocks) } };
    }),
  ];
}
