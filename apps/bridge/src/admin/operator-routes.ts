import { type Route, route } from '../api/route.js';
import type { AdminParts } from './admin-parts.js';
import { NewOperator } from './requests.js';
import { operatorView } from './views.js';

export function operatorRoutes({ operators }: AdminParts): Route[] {
  return [
    route('GET', '/operators', {}, async () => ({ body: { operators: (await operators.list()).map(operatorView) } })),

    route('POST', '/operators', { body: NewOperator }, async ({ body, by }) => {
      const { token, ...created } = await operators.create(body.name, by);
      return { status: 201, body: { ...operatorView(created), token } };
    }),

    route('DELETE', '/operators/:operator', {}, async ({ param, by }) => {
      await operators.remove(param('operator'), by);
      return { body: { name: param('operator'), removed: true } };
    }),
  ];
}
