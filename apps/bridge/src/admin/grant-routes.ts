import { ApiError, notFound } from '../api/api-error.js';
import { unknownCursor } from '../api/cursor.js';
import { type Route, route } from '../api/route.js';
import { pageSize } from '../api/shapes.js';
import type { AdminParts } from './admin-parts.js';
import { previewed } from './previewed.js';
import { GrantsAsked, TakingAway } from './requests.js';
import { grantView } from './views.js';

export function grantRoutes({ grants, seen, endings }: AdminParts): Route[] {
  return [
    route('GET', '/grants', { query: GrantsAsked }, async ({ query, by }) => {
      const { person, partner, cursor: after } = query;
      const page = await seen.look({ person, partner, after, limit: pageSize(query), by });
      if (!page) throw unknownCursor();
      return { body: { grants: page.grants.map(grantView), ...(page.next ? { next: page.next } : {}) } };
    }),

    previewed('POST', '/grants/:grant/end', TakingAway, async ({ body, param, by }, preview) => {
      const grant = await grants.find(param('grant'));
      if (!grant) throw notFound(`There is no grant ${param('grant')}.`);
      if (preview) {
        const one = grant.ended === undefined ? 1 : 0;
        return { body: { preview: { grants: one, apps: one, people: one } } };
      }
      const request = { grants: [grant.id], reason: 'revoked_by_operator', by, note: body.reason } as const;
      const [receipt] = await endings.end(request);
      if (!receipt)
        throw new ApiError('conflict', 'The grant ended so long ago that its receipt is not kept any more.');
      return { body: receipt };
    }),
  ];
}
