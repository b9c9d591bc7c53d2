import type { AdminParts } from './admin-parts.js';
import { NewOperator } from './requests.js';
import { type Route, route } from './route.js';
import { operatorView } from './views.js';

export function operatorRoutes({ operators }: AdminParts): Route[] {
  return [
    route('GET', '/operators', {}, async () => ({ body: { operators: (await operators.list()).map(operatorView) } })),

    route('POST', '/operators', { body: NewOperator }, async ({ body, operator }) => {
      const { token, ...created } = await operators.create(body.name, operator);
      return { status: 201, body: { ...operatorView(created), token } };
    }),

    route('DELETE', '/operators/:operator', {}, async ({ param, operator }) => {
      await operators.remove(param('operator'), operator);
      return { body: { name: param('operator'), removed: true } };
    }),
  ];
}
