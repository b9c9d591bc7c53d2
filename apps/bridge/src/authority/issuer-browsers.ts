import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Config } from '../config/config.js';
import { cookieOf } from './forms.js';
import { SIGN_IN_LIMITS } from './sign-in-cookies.js';

/** The cookie of a browser that was sent to the platform's provider: its answer is worth something with it alone. */
@Injectable()
export class IssuerBrowsers {
  private readonly secure: boolean;
  private readonly cookie: string;

  constructor(config: Config) {
    this.secure = config.publicUrl.startsWith('https:');
    this.cookie = `${this.secure ? '__Host-' : ''}drawbridge_at_provider`;
  }

  read(request: Request): string | undefined {
    return cookieOf(request, this.cookie, /^[\w-]{43}$/);
  }

  /** For as long as a sign-in may take from now on; one for all that are begun in this browser. */
  readOrMake(request: Request, response: Response): string {
    const value = this.read(request) ?? randomBytes(32).toString('base64url');
    // Lax: the provider's redirect has to bring it along.
    response.cookie(this.cookie, value, {
      httpOnly: true,
      secure: this.secure,
      sameSite: 'lax',
      path: '/',
      maxAge: SIGN_IN_LIMITS.s * 1_000,
    });
    return value;
  }
}
