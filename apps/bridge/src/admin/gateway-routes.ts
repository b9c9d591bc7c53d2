import { ApiError, notFound } from '../api/api-error.js';
import { type Route, route } from '../api/route.js';
import type { AdminParts } from './admin-parts.js';
import { previewed } from './previewed.js';
import { Step } from './requests.js';
import { gatewayView } from './views.js';

export function gatewayRoutes({ gateways }: AdminParts): Route[] {
  return [
    route('GET', '/gateways', {}, async () => {
      const all = await gateways.all();
      return { body: { gateways: all.gateways.map(gatewayView), consentHead: all.head } };
    }),

    previewed('POST', '/gateways/:gateway/drain', Step, async ({ body, param, by }, preview) => {
      const gateway = await gateways.find(param('gateway'));
      const gone = notFound(`There is no gateway ${param('gateway')}.`);
      if (gateway === undefined) throw gone;
      if (gateway === 'ambiguous') {
        throw new ApiError('conflict', `Several gateways are called ${param('gateway')}: give the instance of one.`);
      }
      const { id, instance, connections } = gateway;
      // Nobody's consent ends with it: clients come back elsewhere.
      if (preview) return { body: { preview: { connections, grants: 0, apps: 0, people: 0 } } };
      if (!(await gateways.requestDrain({ id, instance }, by, body.reason))) throw gone;
      const message =
        'With its next renewal, within half a second, its /readyz says 503; after UNREADY_MS it takes no new connections, ' +
        'and over DRAIN_MS the others are told going_away and closed (4512). Start the process anew to have it back.';
      return { status: 202, body: { id, instance, connections, draining: true, message } };
    }),
  ];
}
