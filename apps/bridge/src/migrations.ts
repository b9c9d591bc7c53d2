import type { Migration } from '@drawbridge/database';
import { partnersMigrations } from '@drawbridge/partners';
import { peopleMigrations } from '@drawbridge/people';

/** Every migration of the product, in the order of their names. */
export const migrations: Record<string, Migration> = {
  ...peopleMigrations,
  ...partnersMigrations,
};
