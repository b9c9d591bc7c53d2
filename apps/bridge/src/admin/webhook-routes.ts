import { randomUUID } from 'node:crypto';
import { appendEntry } from '@drawbridge/ledger';
import { Outbox } from '@drawbridge/outbox';
import { ApiError } from '../api/api-error.js';
import { type Route, route } from '../api/route.js';
import { Page, pageSize } from '../api/shapes.js';
import type { Config } from '../config/config.js';
import { Webhooks } from '../platform/webhooks.js';
import type { AdminParts } from './admin-parts.js';
import { Replay } from './requests.js';

/** What the platform is told, and what could not be. */
export function webhookRoutes({ database }: AdminParts, settings: Config['webhooks']): Route[] {
  const outbox = new Outbox(database);

  return [
    route('GET', '/webhooks', { query: Page }, async ({ query }) => {
      const size = pageSize(query);
      const [state, failing, parked] = [await outbox.state(), await outbox.failing(size), await outbox.parked(size)];
      return { body: { url: settings?.url ?? null, ...state, events: parked, failingEvents: failing } };
    }),

    route('POST', '/webhooks/replay', { body: Replay }, async ({ body, by }) => {
      const replayed = await outbox.replay(body.ids);
      if (replayed > 0) {
        await appendEntry(database.tables(), { kind: 'webhooks_replayed', actor: by, data: { events: replayed } });
      }
      return { body: { replayed } };
    }),

    route('POST', '/webhooks/test', {}, async () => {
      if (!settings) throw new ApiError('conflict', 'This process has no PLATFORM_WEBHOOK_URL.');
      const webhooks = new Webhooks({ ...settings, database, message: async () => undefined });
      const startedAt = performance.now();
      const body = JSON.stringify({ type: 'webhook.test', timestamp: new Date().toISOString(), data: {} });
      const attempt = await webhooks.post(randomUUID(), body);
      const ms = Math.round(performance.now() - startedAt);
      webhooks.close();
      return { body: { url: settings.url, told: attempt.told, ms, error: attempt.told ? null : attempt.error } };
    }),
  ];
}
