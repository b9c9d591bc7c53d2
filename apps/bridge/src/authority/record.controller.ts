import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Database } from '@drawbridge/database';
import { Controller, Get, Logger, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { sendProblem } from '../http/problem.filter.js';
import { pageHeaders, sendTo } from '../pages/send-page.js';
import { CONNECTED_APPS_PATH } from './connected-apps-path.js';
import { ConnectedAppsSession } from './connected-apps-session.js';
import { recordOf } from './person-record.js';

/** What downloads may take of this process (I9). One at a time for each person. */
export const DOWNLOAD_LIMITS = {
  atOnce: 16,
  /** A download whose reader takes nothing for so long is broken off. */
  stalledMs: 30_000,
  /** What a 503 advises. */
  retryAfterMs: 5_000,
} as const;

/** The whole record of the person who is signed in on Connected apps, as a file. */
@Controller('connected-apps/record')
export class RecordController {
  private readonly under = new Set<number>();
  private readonly log = new Logger('Record');

  constructor(
    private readonly session: ConnectedAppsSession,
    private readonly database: Database,
  ) {}

  @Get()
  async download(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { person } = await this.session.visit(request, response);
    if (!person) return sendTo(response, CONNECTED_APPS_PATH);
    if (this.under.has(person.key) || this.under.size >= DOWNLOAD_LIMITS.atOnce) {
      sendProblem(request, response, 503, DOWNLOAD_LIMITS.retryAfterMs);
      return;
    }
    this.under.add(person.key);
    try {
      await this.send(request, response, person.key);
    } finally {
      this.under.delete(person.key);
    }
  }

  private async send(request: Request, response: Response, person: number): Promise<void> {
    for (const [name, value] of Object.entries(pageHeaders())) response.setHeader(name, value);
    const today = new Date().toISOString().slice(0, 10);
    response.setHeader('Content-Type', 'application/x-ndjson');
    response.setHeader('Content-Disposition', `attachment; filename="drawbridge-record-${today}.jsonl"`);
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.setTimeout(DOWNLOAD_LIMITS.stalledMs, () => response.destroy());
    try {
      await pipeline(Readable.from(recordOf(this.database, person), { highWaterMark: 1 }), response);
    } catch (error) {
      // Broken off, so that half a record is not taken for a whole one.
      response.destroy();
      if (!isGone(error)) this.log.warn({ err: error }, 'A record could not be read to its end');
    }
  }
}

function isGone(error: unknown): boolean {
  const code = (error as { code?: string }).code;
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE';
}
