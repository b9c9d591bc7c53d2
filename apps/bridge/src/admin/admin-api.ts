import { type Endings, EndUnconfirmed } from '@drawbridge/consent';
import { type Database, isConnectionLoss, isStatementTimeout } from '@drawbridge/database';
import { PartnersError, type PartnersErrorCode } from '@drawbridge/partners';
import { checkData, type DataClass } from '@drawbridge/protocol';
import { Logger } from '@nestjs/common';
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from 'express';
import { sendJson } from '../http/respond.js';
import { AdminError, type AdminErrorCode, notFound, STATUS } from './admin-error.js';
import { AdminParts } from './admin-parts.js';
import { appRoutes } from './app-routes.js';
import { gatewayRoutes } from './gateway-routes.js';
import { grantRoutes } from './grant-routes.js';
import { operatorRoutes } from './operator-routes.js';
import type { Operators } from './operators.js';
import { partnerRoutes } from './partner-routes.js';
import { recordRoutes } from './record-routes.js';
import type { Route } from './route.js';

export const ADMIN_PATH = '/admin/v1';
/** The largest body: many times what any call takes. */
const BODY_LIMIT = '64kb';

const log = new Logger('Admin');

/** The operators' HTTP API (protocol, section 8), to be mounted on the internal listener at ADMIN_PATH. */
export function adminApi(database: Database, endings: Endings, adminToken: string | undefined): Router {
  const parts = new AdminParts(database, endings, adminToken);
  const routes: Route[] = [
    ...partnerRoutes(parts),
    ...appRoutes(parts),
    ...grantRoutes(parts),
    ...gatewayRoutes(parts),
    ...operatorRoutes(parts),
    ...recordRoutes(parts),
  ];
  const router = Router({ caseSensitive: true });
  // Who it is comes first: nobody else learns what there is, or has a body read.
  router.use(authenticated(parts.operators));
  router.use(onlyJson, express.json({ limit: BODY_LIMIT }));
  for (const each of routes) router[verbOf(each)](each.path, answering(each));
  for (const path of new Set(routes.map((each) => each.path))) router.all(path, wrongMethod(routes, path));
  router.use(() => {
    throw new AdminError('not_found', 'There is no such call.');
  });
  router.use(sendProblem);
  return router;
}

function verbOf({ method }: Route): 'get' | 'post' | 'patch' | 'delete' {
  return method.toLowerCase() as Lowercase<typeof method>;
}

function authenticated(operators: Operators): RequestHandler {
  return async (request, response, next) => {
    const [, token] = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '') ?? [];
    const operator = token === undefined ? undefined : await operators.whose(token);
    if (operator === undefined) {
      response.setHeader('WWW-Authenticate', 'Bearer realm="operators"');
      throw new AdminError('unauthenticated', await whyUnknown(operators, token));
    }
    response.locals.operator = operator;
    next();
  };
}

async function whyUnknown(operators: Operators, token: string | undefined): Promise<string> {
  if (!(await operators.isAnybody())) {
    return 'There are no operators yet: start the bridge with ADMIN_TOKEN, which is the token of the first one, root.';
  }
  return token === undefined
    ? 'Send Authorization: Bearer and an operator’s token.'
    : 'This is no operator’s token, or not any more.';
}

const onlyJson: RequestHandler = (request, _response, next) => {
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (hasBody && !request.is('application/json')) {
    throw new AdminError('unsupported_media_type', 'Bodies are JSON: send Content-Type: application/json.');
  }
  next();
};

function answering(route: Route): RequestHandler {
  return async (request, response) => {
    const body = checked(route.body, request.body ?? {});
    const query = checked(route.query, queryOf(request));
    const operator = String(response.locals.operator);
    const param = (name: string) => nameIn(request, name);
    const answer = await route.answer({ operator, body, query, param });
    if (route.method !== 'GET') log.log({ operator, method: route.method, path: request.path }, 'An operator’s call');
    sendJson(response, answer.status ?? 200, answer.body);
  };
}

/** PostgreSQL's text holds no NUL: nothing has such a name. */
function nameIn({ params }: Request, part: string): string {
  const name = String(params[part]);
  if (name.includes('\0')) throw notFound('There is nothing of this name.');
  return name;
}

function checked(type: DataClass, data: unknown): object {
  const value = checkData(type, data);
  if (Array.isArray(value)) throw new AdminError('invalid_data', 'Something in this request is wrong.', value);
  return value;
}

/** `?person=&partner=` is as good as nothing. */
function queryOf({ originalUrl }: Request): Record<string, unknown> {
  const asked = new URLSearchParams(originalUrl.includes('?') ? originalUrl.slice(originalUrl.indexOf('?')) : '');
  const query: Record<string, unknown> = {};
  for (const name of new Set(asked.keys())) {
    const values = asked.getAll(name).filter((value) => value !== '');
    if (values.length > 0) query[name] = values.length === 1 ? values[0] : values;
  }
  return query;
}

function wrongMethod(routes: readonly Route[], path: string): RequestHandler {
  const methods = routes.filter((each) => each.path === path).map(({ method }) => method);
  return (_request, response) => {
    response.setHeader('Allow', methods.join(', '));
    throw new AdminError('method_not_allowed', `This takes ${methods.join(', ')}.`);
  };
}

const OF_PARTNERS: Readonly<Record<PartnersErrorCode, AdminErrorCode>> = {
  unknown_partner: 'not_found',
  unknown_app: 'not_found',
  taken: 'conflict',
  wrong_status: 'conflict',
  review_overdue: 'conflict',
  too_many_apps: 'conflict',
  scopes_exceed_partner: 'invalid_data',
  invalid: 'invalid_data',
};

const sendProblem: ErrorRequestHandler = (error: unknown, request: Request, response: Response, _next) => {
  const { code, message, issues } = problemOf(error);
  if (code === 'internal') log.error({ method: request.method, path: request.path, err: error }, 'A call failed');
  if (response.headersSent) return void response.destroy();
  if (code === 'unavailable') response.setHeader('Retry-After', '1');
  // What is left of a body that was not read is not the next request.
  if (!request.complete) response.setHeader('Connection', 'close');
  sendJson(response, STATUS[code], { code, message, ...(issues ? { issues } : {}) });
};

function problemOf(error: unknown): AdminError {
  if (error instanceof AdminError) return error;
  if (error instanceof PartnersError) {
    const issues = error.property === undefined ? undefined : [{ path: error.property, problem: error.message }];
    return new AdminError(OF_PARTNERS[error.code], error.message, issues);
  }
  if (error instanceof EndUnconfirmed) {
    return new AdminError(
      'unavailable',
      'It is done, and holds; from when on cannot be told yet. Look again in a moment.',
    );
  }
  if (isConnectionLoss(error) || isStatementTimeout(error)) {
    return new AdminError(
      'unavailable',
      'The database does not answer. Look whether it was done before you repeat it.',
    );
  }
  return problemOfBody(error) ?? new AdminError('internal', 'A fault of the bridge; its log has more.');
}

/** Express's own parsers fail with a `status`. */
function problemOfBody(error: unknown): AdminError | undefined {
  if (error instanceof URIError) return notFound('There is no such address.');
  const status = (error as { status?: unknown } | null)?.status;
  if (status === 413) return new AdminError('too_large', `A body has at most ${BODY_LIMIT}.`);
  if (status === 415) return new AdminError('unsupported_media_type', 'The body’s encoding is not known here.');
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  return new AdminError('invalid_data', 'The request cannot be read.', [{ path: '', problem: 'must be JSON' }]);
}
