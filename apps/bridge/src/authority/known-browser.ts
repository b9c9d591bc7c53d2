import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KnownBrowser } from '@drawbridge/people';
import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Config } from '../config/config.js';
import { Secrets } from '../secrets.js';
import { cookieOf } from './forms.js';

/** How many persons one browser may be known for, the latest first, and how long after a sign-in (I9). */
export const KNOWN_BROWSER_LIMITS = { persons: 4, keptMs: 365 * 86_400_000 } as const;

const SHAPE = new RegExp(`^[\\w-]{22}(?:\\.[\\w-]{43}){1,${KNOWN_BROWSER_LIMITS.persons}}$`);

/**
 * A cookie that says who has signed in with this browser before, and gives no access to anything: it only has failures
 * of its own (libs/people), so that whoever knows a login and fails on purpose keeps nobody from ending a consent. It
 * holds a random id and a signature over it for each person, which nobody can read a person from.
 */
@Injectable()
export class KnownBrowsers {
  private readonly key: Buffer;
  private readonly secure: boolean;
  private readonly cookie: string;

  constructor(secrets: Secrets, config: Config) {
    this.key = secrets.key('known-browser');
    this.secure = config.publicUrl.startsWith('https:');
    this.cookie = `${this.secure ? '__Host-' : ''}drawbridge_known_browser`;
  }

  /** For the attempt of a sign-in; undefined for a browser nobody signed in with. */
  of(request: Request): KnownBrowser | undefined {
    const read = this.read(request);
    return read && { id: read.id, knows: (person) => this.find(read, person) !== undefined };
  }

  /** After a sign-in. */
  signedIn(request: Request, response: Response, person: number): void {
    const { id, signatures } = this.read(request) ?? { id: randomBytes(16).toString('base64url'), signatures: [] };
    const own = this.sign(id, person);
    const all = [own, ...signatures.filter((other) => other !== own)].slice(0, KNOWN_BROWSER_LIMITS.persons);
    response.cookie(this.cookie, [id, ...all].join('.'), {
      httpOnly: true,
      secure: this.secure,
      sameSite: 'lax',
      path: '/',
      maxAge: KNOWN_BROWSER_LIMITS.keptMs,
    });
  }

  private read(request: Request): { id: string; signatures: string[] } | undefined {
    const value = cookieOf(request, this.cookie, SHAPE);
    if (value === undefined) return undefined;
    const [id = '', ...signatures] = value.split('.');
    return { id, signatures };
  }

  private find({ id, signatures }: { id: string; signatures: string[] }, person: number): string | undefined {
    const own = Buffer.from(this.sign(id, person));
    return signatures.find((signature) => timingSafeEqual(Buffer.from(signature), own));
  }

  private sign(id: string, person: number): string {
    return createHmac('sha256', this.key).update(`${id} ${person}`).digest('base64url');
  }
}
