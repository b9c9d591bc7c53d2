import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { Config } from '../config/config.js';
import { Secrets } from '../secrets.js';
import { cookiePairs } from './forms.js';

/** How long a person may take for a sign-in, and how many unfinished ones a browser keeps, the latest (I9). */
export const SIGN_IN_LIMITS = { s: 30 * 60, unfinished: 8 } as const;

/** As oidc-provider calls its cookies. No browser ever sees them. */
export const PROVIDERS_COOKIES = {
  session: 'drawbridge_session',
  interaction: 'drawbridge_sign_in',
  resume: 'drawbridge_resume',
};

const { session: SESSION, interaction: INTERACTION, resume: RESUME } = PROVIDERS_COOKIES;
/** The two addresses of a sign-in: its pages, and where they lead back to oidc-provider. */
const ADDRESS = /^\/(?:sign-in|oidc\/auth)\/([\w-]+)/;

/**
 * What binds a sign-in to the browser in which it began. oidc-provider does that with two cookies whose paths are the
 * sign-in's addresses, so that two sign-ins in one browser are apart; but a cookie is `__Host-`, which no neighbouring
 * host can set, only with the path `/`. So each sign-in has one cookie of ours, with its id in the name and a signature
 * as its value, and oidc-provider is shown its own in its place.
 */
@Injectable()
export class SignInCookies {
  private readonly key: Buffer;
  private readonly prefix: string;
  private readonly attributes: string;

  constructor(secrets: Secrets, config: Config) {
    this.key = secrets.key('sign-in-cookies');
    const secure = config.publicUrl.startsWith('https:');
    this.prefix = `${secure ? '__Host-' : ''}${INTERACTION}.`;
    this.attributes = `; Path=/; HttpOnly${secure ? '; Secure' : ''}; SameSite=Lax`;
  }

  /** Before oidc-provider: takes away what came under the names of its cookies, and shows it those of this sign-in. */
  show(request: Request, _response: Response, next: NextFunction): void {
    this.showOf(request, ADDRESS.exec(request.path)?.[1]);
    next();
  }

  /** The same, where the address does not say which sign-in it is about. */
  showOf(request: Request, id: string | undefined): void {
    const cookies = cookiesOf(request.headers.cookie);
    const shown = cookies.filter(({ name }) => !isProviders(name)).map(({ text }) => text);
    if (id && cookies.some(({ name, value }) => name === this.prefix + id && this.isOf(id, value))) {
      shown.push(`${INTERACTION}=${id}`, `${RESUME}=${id}`);
    }
    if (shown.length > 0) request.headers.cookie = shown.join('; ');
    else delete request.headers.cookie;
  }

  /** After oidc-provider: ours in place of those it has set or removed. Of a browser session there is none. */
  replace(ctx: KoaContextWithOIDC): void {
    const header = ctx.response.headers['set-cookie'];
    if (!Array.isArray(header)) return;
    const lines = new Set<string>();
    for (const line of header as string[]) {
      const [{ name, value }] = cookiesOf(line) as [Cookie];
      if (!isProviders(name)) lines.add(line);
      else if (name === INTERACTION && value) for (const own of this.begin(value, ctx)) lines.add(own);
      else if (name === RESUME && !value && ctx.params?.uid) lines.add(this.removal(ctx.params.uid));
    }
    if (lines.size > 0) ctx.set('Set-Cookie', [...lines]);
    else ctx.remove('Set-Cookie');
  }

  /** Browsers send the oldest first (RFC 6265 section 5.4): those give way. */
  private begin(id: string, { req }: KoaContextWithOIDC): string[] {
    const unfinished = cookiesOf(req.headers.cookie).filter(({ name }) => name.startsWith(this.prefix));
    const over = unfinished.slice(0, Math.max(0, unfinished.length + 1 - SIGN_IN_LIMITS.unfinished));
    return [
      ...over.map(({ name }) => this.removal(name.slice(this.prefix.length))),
      `${this.prefix}${id}=${this.sign(id)}; Max-Age=${SIGN_IN_LIMITS.s}${this.attributes}`,
    ];
  }

  private removal(id: string): string {
    return `${this.prefix}${id}=; Max-Age=0${this.attributes}`;
  }

  private sign(id: string): string {
    return createHmac('sha256', this.key).update(id).digest('base64url');
  }

  private isOf(id: string, signature: string): boolean {
    const [given, own] = [Buffer.from(signature), Buffer.from(this.sign(id))];
    return given.length === own.length && timingSafeEqual(given, own);
  }
}

interface Cookie {
  name: string;
  value: string;
  text: string;
}

function cookiesOf(header?: string): Cookie[] {
  return cookiePairs(header).map((text) => {
    const [name = '', value = ''] = text.split('=', 2);
    return { name, value, text };
  });
}

function isProviders(name: string): boolean {
  const bare = name.replace(/\.sig$/, '');
  return bare === SESSION || bare === INTERACTION || bare === RESUME;
}
