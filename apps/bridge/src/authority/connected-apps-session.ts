import { randomBytes } from 'node:crypto';
import { type Person, PersonSessions } from '@drawbridge/people';
import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Config } from '../config/config.js';
import { Secrets } from '../secrets.js';
import { cookieOf } from './forms.js';

/** Who is looking at Connected apps; `csrf` is the token of every form shown to them. */
export interface Visit {
  person: Person | undefined;
  csrf: string;
}

/**
 * The cookie of Connected apps. Before the sign-in it holds a random value that only binds the form to this browser;
 * the sign-in replaces it with a session's token, so that a value planted beforehand is worth nothing afterwards.
 */
@Injectable()
export class ConnectedAppsSession {
  private readonly secure: boolean;
  private readonly cookie: string;

  constructor(
    private readonly sessions: PersonSessions,
    private readonly secrets: Secrets,
    config: Config,
  ) {
    this.secure = config.publicUrl.startsWith('https:');
    this.cookie = `${this.secure ? '__Host-' : ''}drawbridge_connected_apps`;
  }

  async visit(request: Request, response: Response): Promise<Visit> {
    const token = this.read(request);
    const person = token && (await this.sessions.find(token));
    if (token && person) return { person, csrf: this.secrets.formToken(token) };
    // A value we did not make, or of a session that is over, still binds a form; no need for another.
    return {
      person: undefined,
      csrf: this.secrets.formToken(token ?? this.write(response, randomBytes(32).toString('base64url'))),
    };
  }

  formTokenMatches(request: Request, token: string): boolean {
    const binding = this.read(request);
    return binding !== undefined && this.secrets.formTokenMatches(binding, token);
  }

  /** A session that this browser had ends: nobody could sign out of it any more. */
  async signIn(request: Request, response: Response, person: Person): Promise<void> {
    const before = this.read(request);
    if (before) await this.sessions.end(before);
    this.write(response, await this.sessions.start(person.key));
  }

  async signOut(request: Request, response: Response): Promise<void> {
    const token = this.read(request);
    if (token) await this.sessions.end(token);
    response.clearCookie(this.cookie, this.attributes());
  }

  private read(request: Request): string | undefined {
    return cookieOf(request, this.cookie, /^[\w-]{43}$/);
  }

  private write(response: Response, value: string): string {
    response.cookie(this.cookie, value, this.attributes());
    return value;
  }

  private attributes() {
    // Lax, and not Strict: a link in a mail to this page should find the person signed in. Forms have their own token.
    return { httpOnly: true, secure: this.secure, sameSite: 'lax', path: '/' } as const;
  }
}
