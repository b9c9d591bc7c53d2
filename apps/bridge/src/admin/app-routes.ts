import { randomUUID } from 'node:crypto';
import { type App, PartnersError } from '@drawbridge/partners';
import { notFound } from '../api/api-error.js';
import { type Asked, type Route, route } from '../api/route.js';
import type { AdminParts } from './admin-parts.js';
import { partnerOf } from './partner-routes.js';
import { previewed } from './previewed.js';
import { AppPatch, NewApp, Step } from './requests.js';
import { appView } from './views.js';

export function appRoutes(parts: AdminParts): Route[] {
  const { partners, apps, endings, seen } = parts;

  /** ApiError `not_found`, also for an app of another partner. */
  const appOf = async ({ param }: Pick<Asked<object, object>, 'param'>): Promise<App> => {
    const { id } = await partnerOf(parts, param('partner'));
    const app = await apps.find(id, param('app'));
    if (!app) throw notFound(`The partner ${param('partner')} has no app ${param('app')}.`);
    return app;
  };

  return [
    route('GET', '/partners/:partner/apps', {}, async ({ param }) => {
      const { id } = await partnerOf(parts, param('partner'));
      return { body: { apps: (await apps.list(id)).map(appView) } };
    }),

    route('POST', '/partners/:partner/apps', { body: NewApp }, async ({ body, param, by }) => {
      const { id: partner } = await partnerOf(parts, param('partner'));
      const clientId = body.clientId ?? randomUUID();
      await partners.createApp({ ...body, clientId, redirectUris: body.redirectUris ?? [], partner, by });
      return { status: 201, body: appView((await apps.find(partner, clientId))!) };
    }),

    route('GET', '/partners/:partner/apps/:app', {}, async (asked) => ({ body: appView(await appOf(asked)) })),

    previewed('PATCH', '/partners/:partner/apps/:app', AppPatch, async (asked, preview) => {
      const before = await appOf(asked);
      const { clientId, partner } = before;
      const { scopes, ...rest } = asked.body;
      const by = asked.by;
      const beyond = scopes?.filter((scope) => !partner.scopes.includes(scope)) ?? [];
      if (beyond.length > 0) {
        const problem = `The partner itself may not have ${beyond.join(', ')}.`;
        throw new PartnersError('scopes_exceed_partner', problem, 'scopes');
      }
      if (preview) {
        const losing = scopes ? before.scopes.filter((scope) => !scopes.includes(scope)) : [];
        return { body: { preview: await seen.concerned({ app: clientId }, losing) } };
      }
      await apps.change(partner.id, clientId, rest, by);
      const receipt = scopes && (await endings.setAppCeiling({ app: clientId, scopes, by }));
      return { body: { ...appView(await appOf(asked)), ...(receipt ? { receipt } : {}) } };
    }),

    previewed('DELETE', '/partners/:partner/apps/:app', Step, async (asked, preview) => {
      const { clientId } = await appOf(asked);
      if (preview) return { body: { preview: await seen.concerned({ app: clientId }) } };
      const { reason } = asked.body;
      const note = reason === undefined ? {} : { note: reason };
      const receipt = await endings.endApp({ app: clientId, by: asked.by, ...note });
      if (!receipt) throw notFound(`The app ${clientId} was removed already.`);
      return { body: receipt };
    }),
  ];
}
