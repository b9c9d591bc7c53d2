import { Controller, Get, Header, Module } from '@nestjs/common';
import { STYLESHEET, STYLESHEET_PATH } from './stylesheet.js';

@Controller()
class StylesheetController {
  @Get(STYLESHEET_PATH)
  @Header('Content-Type', 'text/css; charset=utf-8')
  @Header('Cache-Control', 'public, max-age=31536000, immutable')
  @Header('X-Content-Type-Options', 'nosniff')
  stylesheet(): string {
    return STYLESHEET;
  }
}

/** What all pages need: import it wherever pages are served. */
@Module({ controllers: [StylesheetController] })
export class PagesModule {}
