import type { ServerResponse } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { problemPage } from '../pages/error-pages.js';
import { sendPage } from '../pages/send-page.js';
import { sendJson, wantsJson } from './respond.js';

const SAID: Readonly<Record<number, [code: string, title: string, text: string]>> = {
  404: ['not_found', 'There is nothing here', 'The address is misspelt, or what was here is gone.'],
  429: ['rate_limited', 'Too much at once', 'Too many sign-ins were begun from your network.'],
  500: ['internal', 'Something went wrong', 'That was a fault of ours. Please try again in a moment.'],
  503: ['unavailable', 'We are very busy', 'More people are here than can be served at this moment.'],
};
const REFUSED = ['invalid_data', 'That cannot be done', 'The bridge cannot read this request.'] as const;

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
  const [code, title, what] = SAID[status] ?? (status > 500 ? SAID[500]! : REFUSED);
  const seconds = Math.ceil((retryAfterMs ?? 0) / 1_000);
  if (seconds > 0) response.setHeader('Retry-After', seconds);
  const text = seconds > 0 ? `${what} Please try again in ${seconds === 1 ? 'a second' : `${seconds} seconds`}.` : what;
  if (wantsJson(request)) sendJson(response, status, { code, message: text });
  else sendPage(response, problemPage(title, text), { status });
}

/** Express's own parsers fail with a `status`; it is to be believed only where the client is at fault. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
