import type { ServerResponse } from 'node:http';
import type { Request } from 'express';

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.end(`${JSON.stringify(body)}\n`);
}

/** JSON for programs that ask for it, a page for everybody else. */
export function wantsJson(request: Request): boolean {
  return request.accepts(['html', 'json']) === 'json';
}
