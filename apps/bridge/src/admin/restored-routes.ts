import { appendEntry } from '@drawbridge/ledger';
import { renewEpoch } from '@drawbridge/messaging';
import type { Route } from '../api/route.js';
import type { AdminParts } from './admin-parts.js';
import { previewed } from './previewed.js';
import { Restored } from './requests.js';

/**
 * The data was restored from a backup. Consents that ended since then would live again, so all of them end first, unless
 * the operator knows that none had ended; then every client is told to load anew.
 */
export function restoredRoutes({ database, seen, endings }: AdminParts): Route[] {
  return [
    previewed('POST', '/restored', Restored, async ({ body, by }, preview) => {
      const { keepGrants = false, reason: note } = body;
      if (preview) {
        const none = { grants: 0, apps: 0, people: 0 };
        return { body: { preview: keepGrants ? none : await seen.concerned('everybody') } };
      }
      const receipts = keepGrants ? [] : await endings.endAll({ by, note });
      await database
        .tables()
        .transaction()
        .execute(async (tx) => {
          await renewEpoch(tx);
          await appendEntry(tx, { kind: 'data_restored', actor: by, data: { keepGrants, note } });
        });
      return { body: { receipts } };
    }),
  ];
}
