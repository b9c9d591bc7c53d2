import type { Author, Sender } from '@drawbridge/messaging';
import type { Person } from '@drawbridge/people';
import { invalid } from '../api/api-error.js';
import type { PlatformParts } from './platform-parts.js';

/** Somebody, in whose name the platform does something: it needs no grant, and reaches everybody. */
export function onBehalfOf({ key, id, name }: Author): Sender {
  return { key, id, name, app: '', permit: null, reachesEverybody: true };
}

/** ApiError `invalid_data` for nobody: `path` is where the body names them. */
export async function personOf({ people }: PlatformParts, path: string, id: string): Promise<Person> {
  const person = await people.byId(id);
  if (!person) throw invalid({ path, problem: `there is no person ${id}` });
  return person;
}
