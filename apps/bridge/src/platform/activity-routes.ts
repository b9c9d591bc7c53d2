import { Activities } from '@drawbridge/people';
import { notFound } from '../api/api-error.js';
import { type Route, route } from '../api/route.js';
import type { PlatformParts } from './platform-parts.js';
import { ActivityAudience, NewActivity } from './requests.js';

/** What people share on the platform; partners' apps see what is public. */
export function activityRoutes({ database }: PlatformParts): Route[] {
  const activities = new Activities(database);
  const found = (is: boolean) => {
    if (!is) throw notFound('The person has no such activity.');
  };

  return [
    route('POST', '/people/:person/activities', { body: NewActivity }, async ({ body, param }) => {
      const { verb, object, at, audience } = body;
      const { id, made } = await activities.share(param('person'), { verb, object, at: new Date(at), audience });
      return { status: made ? 201 : 200, body: { id, duplicate: !made } };
    }),

    route('PATCH', '/people/:person/activities/:activity', { body: ActivityAudience }, async ({ body, param }) => {
      found(await activities.setAudience(param('person'), param('activity'), body.audience));
      return { body: { id: param('activity'), audience: body.audience } };
    }),

    route('DELETE', '/people/:person/activities/:activity', {}, async ({ param }) => {
      found(await activities.remove(param('person'), param('activity')));
      return { body: { id: param('activity'), removed: true } };
    }),
  ];
}
