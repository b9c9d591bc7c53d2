import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Config } from '../config/config.js';
import { cookieOf } from './forms.js';

const SHAPE = /^[\w-]{43}$/;

/**
 * The cookie of the page for devices' codes. Before the sign-in it binds the forms to this browser and counts wrong
 * codes; with the sign-in it becomes another, which says who signed in for which code.
 */
@Injectable()
export class DeviceBrowsers {
  private readonly secure: boolean;
  private readonly cookie: string;

  constructor(config: Config) {
    this.secure = config.publicUrl.startsWith('https:');
    this.cookie = `${this.secure ? '__Host-' : ''}drawbridge_device`;
  }

  read(request: Request): string | undefined {
    return cookieOf(request, this.cookie, SHAPE);
  }

  readOrMake(request: Request, response: Response): string {
    return this.read(request) ?? this.write(response, randomBytes(32).toString('base64url'));
  }

  write(response: Response, value: string): string {
    // Lax, and not Strict: the link that a device shows is opened from other apps, and should find what was begun.
    response.cookie(this.cookie, value, { httpOnly: true, secure: this.secure, sameSite: 'lax', path: '/' });
    return value;
  }
}
