import type { INestApplication } from '@nestjs/common';
import express, { type NextFunction, type Request, type Response } from 'express';
import { Config } from '../config/config.js';
import { trustsProxy } from '../http/client-network.js';
import { PUBLIC_URL } from '../pages/send-page.js';
import { Authority } from './authority.js';
import { AuthorityTurns } from './authority-turns.js';
import { SignInCookies } from './sign-in-cookies.js';

/** What a person's form may weigh: far more than a login and a password, far less than a burden. */
const FORM_LIMITS = { extended: false, limit: '16kb', parameterLimit: 100 } as const;

/**
 * Puts the authority onto the Express application. To be called once, before `app.init()`: oidc-provider reads its
 * own bodies, so it must come before Nest's parsers.
 */
export function mountAuthority(app: INestApplication): void {
  const { publicUrl } = app.get(Config);
  const server: express.Express = app.getHttpAdapter().getInstance();
  server.disable('x-powered-by');
  server.set('trust proxy', trustsProxy(publicUrl) ? 1 : false);
  server.set(PUBLIC_URL, publicUrl);
  server.use(pinHost(publicUrl, server));
  const cookies = app.get(SignInCookies);
  server.use((request: Request, response: Response, next: NextFunction) => cookies.show(request, response, next));
  server.use('/oidc', app.get(AuthorityTurns).bounding(app.get(Authority).provider.callback()));
  server.use(['/sign-in', '/device', '/connected-apps'], express.urlencoded(FORM_LIMITS));
}

/**
 * oidc-provider makes its addresses from the request. Whatever the request says, in `Host`, in a proxy's headers or in
 * an absolute request target (RFC 9112 section 3.2.2), it is made to say PUBLIC_URL.
 */
function pinHost(publicUrl: string, server: express.Express) {
  const { host, protocol } = new URL(publicUrl);
  return (request: Request, response: Response, next: NextFunction) => {
    if (!request.url.startsWith('/') && URL.canParse(request.url)) {
      const { pathname, search } = new URL(request.url);
      request.url = pathname + search;
      request.originalUrl = request.url;
      // From the start: Express has taken note of the address it saw first.
      return server(request, response);
    }
    request.headers.host = host;
    request.headers['x-forwarded-host'] = host;
    request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
    next();
  };
}
