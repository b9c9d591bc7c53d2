import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Config } from '../config/config.js';
import { sendJson, wantsJson } from '../http/respond.js';
import { ERROR_CODE_PAGES } from './error-codes.js';
import { errorCodePage, errorCodesPage, problemPage } from './error-pages.js';
import { sendPage } from './send-page.js';
import { startPage } from './start-page.js';

/** The start page, and a page for every error and close code. */
@Controller()
export class SiteController {
  constructor(private readonly config: Config) {}

  @Get()
  start(@Res() response: Response): void {
    sendPage(response, startPage(this.config));
  }

  @Get('errors')
  all(@Req() request: Request, @Res() response: Response): void {
    response.vary('Accept');
    if (wantsJson(request)) sendJson(response, 200, { errors: [...ERROR_CODE_PAGES.values()] });
    else sendPage(response, errorCodesPage());
  }

  @Get('errors/:code')
  one(@Param('code') code: string, @Req() request: Request, @Res() response: Response): void {
    const entry = ERROR_CODE_PAGES.get(code);
    response.vary('Accept');
    if (wantsJson(request)) {
      sendJson(response, entry ? 200 : 404, entry ?? { code: 'not_found', message: 'There is no such code.' });
    } else if (entry) {
      sendPage(response, errorCodePage(entry));
    } else {
      sendPage(response, problemPage('No such code', 'The bridge knows no error or close code of this name.'), {
        status: 404,
      });
    }
  }
}
