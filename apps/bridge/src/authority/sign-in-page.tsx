import type { App } from '@drawbridge/partners';
import { page } from '../pages/layout.js';
import { type IssuerLink, SignInBy } from './sign-in-form.js';

export interface SignInPage {
  app: App;
  path: string;
  csrf: string;
  issuer: IssuerLink | undefined;
  login?: string;
  problem?: string;
}

/** The first page an app sends a person to. */
export function signInPage({ app, path, csrf, issuer, login, problem }: SignInPage): string {
  return page(
    `Sign in for ${app.name}`,
    <section class="card">
      <h1>Sign in</h1>
      <p class="lead">
        <strong>{app.name}</strong> by {app.partner.name} asks to connect to your messages. On the next page you choose
        what it may do.
      </p>
      <SignInBy issuer={issuer} path={path} csrf={csrf} login={login} problem={problem} />
      <form method="post" action={path} class="after">
        <input type="hidden" name="csrf" value={csrf} />
        <button type="submit" name="decision" value="deny" class="plain">
          Cancel and go back to {app.name}
        </button>
      </form>
    </section>,
  );
}
