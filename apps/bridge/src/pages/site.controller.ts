import { createHash } from 'node:crypto';
import { asyncApiDocument } from '@drawbridge/protocol';
import { Controller, Get, Header, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Config } from '../config/config.js';
import { sendJson, wantsJson } from '../http/respond.js';
import { ERROR_CODE_PAGES, errorCodeJson } from './error-codes.js';
import { errorCodePage, errorCodesPage, problemPage } from './error-pages.js';
import { sendPage } from './send-page.js';
import { startPage } from './start-page.js';

/** The start page, the protocol as a document for programs, and a page for every error and close code. */
@Controller()
export class SiteController {
  /** The same for everybody, for as long as the process lives. */
  private readonly protocol: { readonly text: string; readonly etag: string };

  constructor(private readonly config: Config) {
    const text = JSON.stringify(asyncApiDocument(config.publicUrl));
    this.protocol = { text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 16)}"` };
  }

  @Get()
  start(@Req() request: Request, @Res() response: Response): void {
    sendPage(request, response, startPage(this.config));
  }

  /** Open to every origin: tools that draw or check such documents run in pages of their own. */
  @Get('asyncapi.json')
  @Header('Access-Control-Allow-Origin', '*')
  @Header('Cache-Control', 'public, max-age=300')
  @Header('X-Content-Type-Options', 'nosniff')
  asyncApi(@Req() request: Request, @Res() response: Response): void {
    const { text, etag } = this.protocol;
    response.set('ETag', etag);
    // Also where `Cache-Control: no-cache` was sent along, as fetch does: Express would send all of it again.
    if (request.get('if-none-match')?.includes(etag)) response.status(304).end();
    else response.type('json').send(text);
  }

  @Get('errors')
  all(@Req() request: Request, @Res() response: Response): void {
    response.vary('Accept');
    // For tools in pages of their own, such as the console.
    response.set('Access-Control-Allow-Origin', '*');
    if (wantsJson(request)) sendJson(response, 200, { errors: [...ERROR_CODE_PAGES.values()].map(errorCodeJson) });
    else sendPage(request, response, errorCodesPage());
  }

  @Get('errors/:code')
  one(@Param('code') code: string, @Req() request: Request, @Res() response: Response): void {
    const entry = ERROR_CODE_PAGES.get(code);
    response.vary('Accept');
    if (wantsJson(request)) {
      if (entry) sendJson(response, 200, errorCodeJson(entry));
      else sendJson(response, 404, { code: 'not_found', message: 'There is no such code.' });
    } else if (entry) {
      sendPage(request, response, errorCodePage(entry));
    } else {
      const page = problemPage(
        ({ problems }) => problems.noSuchCode,
        ({ problems }) => problems.noSuchCodeText,
      );
      sendPage(request, response, page, { status: 404 });
    }
  }
}
