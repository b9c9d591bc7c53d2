import { AdminError, notFound } from './admin-error.js';
import type { AdminParts } from './admin-parts.js';
import { unknownCursor } from './cursor.js';
import { GrantsAsked, pageSize, TakingAway } from './requests.js';
import { previewed, type Route, route } from './route.js';
import { grantView } from './views.js';

export function grantRoutes({ grants, seen, endings }: AdminParts): Route[] {
  return [
    route('GET', '/grants', { query: GrantsAsked }, async ({ query, operator: by }) => {
      const { person, partner, cursor: after } = query;
      const page = await seen.look({ person, partner, after, limit: pageSize(query), by });
      if (!page) throw unknownCursor();
      return { body: { grants: page.grants.map(grantView), ...(page.next ? { next: page.next } : {}) } };
    }),

    previewed('POST', '/grants/:grant/end', TakingAway, async ({ body, param, operator: by }, preview) => {
      const grant = await grants.find(param('grant'));
      if (!grant) throw notFound(`There is no grant ${param('grant')}.`);
      if (preview) {
        const one = grant.ended === undefined ? 1 : 0;
        return { body: { preview: { grants: one, apps: one, people: one } } };
      }
      const request = { grants: [grant.id], reason: 'revoked_by_operator', by, note: body.reason } as const;
      const [receipt] = await endings.end(request);
      if (!receipt)
        throw new AdminError('conflict', 'The grant ended so long ago that its receipt is not kept any more.');
      return { body: receipt };
    }),
  ];
}
