import type { ServerResponse } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { problemPage } from '../pages/error-pages.js';
import { sendPage } from '../pages/send-page.js';
import { en, type Texts } from '../texts/en.js';
import { sendJson, wantsJson } from './respond.js';

interface Problem {
  readonly code: string;
  readonly title: (texts: Texts) => string;
  readonly text: (texts: Texts) => string;
}

const FAULT: Problem = {
  code: 'internal',
  title: ({ problems }) => problems.fault,
  text: ({ problems }) => problems.faultText,
};
const SAID: Readonly<Record<number, Problem>> = {
  404: { code: 'not_found', title: ({ problems }) => problems.notFound, text: ({ problems }) => problems.notFoundText },
  429: {
    code: 'rate_limited',
    title: ({ problems }) => problems.tooMuch,
    text: ({ problems }) => problems.tooMuchText,
  },
  500: FAULT,
  503: { code: 'unavailable', title: ({ problems }) => problems.busy, text: ({ problems }) => problems.busyText },
};
const REFUSED: Problem = {
  code: 'invalid_data',
  title: ({ problems }) => problems.refused,
  text: ({ problems }) => problems.refusedText,
};

/** What went wrong over HTTP, as a page or as JSON; a fault of ours is logged and says nothing of its inside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const status = statusOf(error);
    // The path alone: a query may hold a code.
    if (status >= 500) this.log.error({ method: request.method, path: request.path, err: error }, 'A request failed');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    sendProblem(request, response, status);
  }
}

/** The page, or the JSON, of a request that came to nothing; `retryAfterMs` says when to come back. */
export function sendProblem(request: Request, response: ServerResponse, status: number, retryAfterMs?: number): void {
  const { code, title, text } = SAID[status] ?? (status > 500 ? FAULT : REFUSED);
  const seconds = Math.ceil((retryAfterMs ?? 0) / 1_000);
  if (seconds > 0) response.setHeader('Retry-After', seconds);
  const whole = (texts: Texts) => (seconds > 0 ? texts.problems.again(text(texts), seconds) : text(texts));
  response.appendHeader('Vary', 'Accept');
  if (wantsJson(request)) sendJson(response, status, { code, message: whole(en) });
  else sendPage(request, response, problemPage(title, whole), { status });
}

/** Express's own parsers fail with a `status`; it is to be believed only where the client is at fault. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
