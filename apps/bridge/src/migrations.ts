import { consentMigrations } from '@drawbridge/consent';
import type { Migration } from '@drawbridge/database';
import { ledgerMigrations } from '@drawbridge/ledger';
import { messagingMigrations } from '@drawbridge/messaging';
import { outboxMigrations } from '@drawbridge/outbox';
import { partnersMigrations } from '@drawbridge/partners';
import { peopleMigrations } from '@drawbridge/people';
import { adminMigrations } from './admin/migration.js';
import { authorityMigrations } from './authority/migration.js';
import { demoMigrations } from './demo/migration.js';
import { platformMigrations } from './platform/migration.js';

/** Every migration of the product, in the order of their names. */
export const migrations: Record<string, Migration> = {
  ...ledgerMigrations,
  ...outboxMigrations,
  ...peopleMigrations,
  ...partnersMigrations,
  ...consentMigrations,
  ...messagingMigrations,
  ...authorityMigrations,
  ...adminMigrations,
  ...demoMigrations,
  ...platformMigrations,
};
