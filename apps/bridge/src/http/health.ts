import type { Express, NextFunction, Request, Response } from 'express';
import type { Lifecycle } from '../lifecycle/lifecycle.js';
import { sendJson } from './respond.js';

/** `/livez`: the process answers. `/readyz`: it may be sent clients; 503 with the reasons otherwise. */
export function serveHealth(server: Express, lifecycle: Lifecycle): void {
  server.get('/livez', (_request, response) => sendJson(response, 200, { status: 'ok' }));
  server.get('/readyz', async (_request, response) => {
    const { ready, phase, checks } = await lifecycle.readiness();
    sendJson(response, ready ? 200 : 503, { status: ready || phase !== 'ready' ? phase : 'not_ready', checks });
  });
}

/** While the process drains, new requests go elsewhere; those accepted before are finished. */
export function refuseWhileDraining(lifecycle: Lifecycle) {
  return (_request: Request, response: Response, next: NextFunction): void => {
    if (!lifecycle.draining) {
      next();
      return;
    }
    response.setHeader('Connection', 'close');
    response.setHeader('Retry-After', '1');
    sendJson(response, 503, { code: 'going_away', message: 'This process is being stopped. Try again.' });
  };
}
