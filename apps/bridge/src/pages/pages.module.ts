import { Controller, Get, Header, Module } from '@nestjs/common';
import { STYLESHEET, STYLESHEET_PATH } from './stylesheet.js';
import { TIMES_SCRIPT, TIMES_SCRIPT_PATH } from './times-script.js';

@Controller()
class AssetsController {
  @Get(STYLESHEET_PATH)
  @Header('Content-Type', 'text/css; charset=utf-8')
  @Header('Cache-Control', 'public, max-age=31536000, immutable')
  @Header('X-Content-Type-Options', 'nosniff')
  stylesheet(): string {
    return STYLESHEET;
  }

  @Get(TIMES_SCRIPT_PATH)
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  @Header('Cache-Control', 'public, max-age=31536000, immutable')
  @Header('X-Content-Type-Options', 'nosniff')
  timesScript(): string {
    return TIMES_SCRIPT;
  }
}

/** What all pages need: import it wherever pages are served. */
@Module({ controllers: [AssetsController] })
export class PagesModule {}
