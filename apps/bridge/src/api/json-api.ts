import { isConnectionLoss, isStatementTimeout } from '@drawbridge/database';
import { checkData, type DataClass } from '@drawbridge/protocol';
import type { LoggerService } from '@nestjs/common';
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from 'express';
import { sendJson } from '../http/respond.js';
import { ApiError, notFound, RateLimited, STATUS } from './api-error.js';
import type { Method, Route } from './route.js';
import type { WrongTokens } from './wrong-tokens.js';

export interface JsonApi {
  readonly routes: readonly Route[];
  /** The name of whose token it is; undefined: nobody's. */
  whose(token: string): Promise<string | undefined>;
  /** Counts those who are nobody. */
  readonly wrongTokens: WrongTokens;
  /** Bounds how much is under way at once; where it is not given, nothing does. RateLimited where too many wait. */
  readonly turns?: { take(request: Request, work: () => Promise<void>): Promise<void> };
  /** In WWW-Authenticate. */
  readonly realm: string;
  /** What to tell who is nobody, with or without a token. */
  whyUnknown(token: string | undefined): Promise<string> | string;
  /** What a domain's own error is to the caller. */
  problemOf?(error: unknown): ApiError | undefined;
  /** As express.json takes it, such as `64kb`. */
  readonly bodyLimit: string;
  readonly log: LoggerService;
}

/** An HTTP API of JSON calls for one kind of caller with a bearer token (RFC 6750), to be mounted on the internal listener. */
export function jsonApi(api: JsonApi): Router {
  const { routes } = api;
  const router = Router({ caseSensitive: true });
  // Who it is comes first: nobody else learns what there is, or has a body read.
  router.use(authenticated(api));
  router.use(inTurn(api));
  router.use(onlyJson, express.json({ limit: api.bodyLimit }));
  for (const each of routes) router[verbOf(each)](each.path, answering(each, api.log));
  for (const path of new Set(routes.map((each) => each.path))) router.all(path, wrongMethod(routes, path));
  router.use(() => {
    throw notFound('There is no such call.');
  });
  router.use(sendProblem(api));
  return router;
}

function verbOf({ method }: Route) {
  return method.toLowerCase() as Lowercase<Method>;
}

function authenticated({ whose, whyUnknown, realm, wrongTokens }: JsonApi): RequestHandler {
  return async (request, response, next) => {
    const [, token] = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '') ?? [];
    const by = token === undefined ? undefined : await whose(token);
    if (by === undefined) {
      if (token !== undefined) wrongTokens.count(request);
      response.setHeader('WWW-Authenticate', `Bearer realm="${realm}"`);
      throw new ApiError('unauthenticated', await whyUnknown(token));
    }
    response.locals.by = by;
    next();
  };
}

/**
 * Before a body is read, so that none is kept for those that wait; until the work is done, so that who hangs up does not
 * have more under way than others.
 */
function inTurn({ turns }: JsonApi): RequestHandler {
  return async (request, response, next) => {
    if (!turns) return next();
    await turns.take(request, async () => {
      if (response.destroyed) return;
      const closed = new Promise((resolve) => response.once('close', resolve));
      next();
      await closed;
      await response.locals.work;
    });
  };
}

const onlyJson: RequestHandler = (request, _response, next) => {
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (hasBody && !request.is('application/json')) {
    throw new ApiError('unsupported_media_type', 'Bodies are JSON: send Content-Type: application/json.');
  }
  next();
};

function answering(route: Route, log: LoggerService): RequestHandler {
  return async (request, response) => {
    const body = checked(route.body, request.body ?? {});
    const query = checked(route.query, queryOf(request));
    const by = String(response.locals.by);
    const param = (name: string) => nameIn(request, name);
    if (response.destroyed) return;
    const work = route.answer({ by, body, query, param });
    response.locals.work = work.then(ignore, ignore);
    const answer = await work;
    if (route.method !== 'GET') log.log({ by, method: route.method, call: route.path }, 'A call');
    sendJson(response, answer.status ?? 200, answer.body);
  };
}

function ignore(): void {}

/** PostgreSQL's text holds no NUL: nothing has such a name. */
function nameIn({ params }: Request, part: string): string {
  const name = String(params[part]);
  if (name.includes('\0')) throw notFound('There is nothing of this name.');
  return name;
}

function checked(type: DataClass, data: unknown): object {
  const value = checkData(type, data);
  if (Array.isArray(value)) throw new ApiError('invalid_data', 'Something in this request is wrong.', value);
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
    throw new ApiError('method_not_allowed', `This takes ${methods.join(', ')}.`);
  };
}

function sendProblem(api: JsonApi): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, _next) => {
    const problem = problemOf(error, api);
    const { code, message, issues } = problem;
    if (code === 'internal') api.log.error({ method: request.method, path: request.path, err: error }, 'A call failed');
    if (response.headersSent) return void response.destroy();
    if (code === 'unavailable') response.setHeader('Retry-After', '1');
    if (problem instanceof RateLimited) response.setHeader('Retry-After', Math.ceil(problem.retryAfterMs / 1_000));
    // What is left of a body that was not read is not the next request.
    if (!request.complete) response.setHeader('Connection', 'close');
    sendJson(response, STATUS[code], { code, message, ...(issues ? { issues } : {}) });
  };
}

function problemOf(error: unknown, api: JsonApi): ApiError {
  if (error instanceof ApiError) return error;
  const known = api.problemOf?.(error);
  if (known) return known;
  if (isConnectionLoss(error) || isStatementTimeout(error)) {
    return new ApiError('unavailable', 'The database does not answer. Look whether it was done before you repeat it.');
  }
  return problemOfBody(error, api) ?? new ApiError('internal', 'A fault of the bridge; its log has more.');
}

/** Express's own parsers fail with a `status`. */
function problemOfBody(error: unknown, { bodyLimit }: JsonApi): ApiError | undefined {
  if (error instanceof URIError) return notFound('There is no such address.');
  const status = (error as { status?: unknown } | null)?.status;
  if (status === 413) return new ApiError('too_large', `A body has at most ${bodyLimit}.`);
  if (status === 415) return new ApiError('unsupported_media_type', 'The body’s encoding is not known here.');
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  return new ApiError('invalid_data', 'The request cannot be read.', [{ path: '', problem: 'must be JSON' }]);
}
