import type { App } from '@drawbridge/partners';
import { type Page, page } from '../pages/page.js';
import type { Said } from '../texts/said.js';
import { type IssuerLink, SignInBy } from './sign-in-form.js';

export interface SignInPage {
  app: App;
  path: string;
  csrf: string;
  issuer: IssuerLink | undefined;
  login?: string;
  problem?: Said;
}

/** The first page an app sends a person to. */
export function signInPage({ app, path, csrf, issuer, login, problem }: SignInPage): Page {
  return page(({ signIn }) => ({
    title: signIn.title(app.name),
    body: (
      <section class="card">
        <h1>{signIn.heading}</h1>
        <p class="lead">{signIn.lead(app.name, app.partner.name)}</p>
        <SignInBy issuer={issuer} path={path} csrf={csrf} login={login} problem={problem} />
        <form method="post" action={path} class="after">
          <input type="hidden" name="csrf" value={csrf} />
          <button type="submit" name="decision" value="deny" class="plain">
            {signIn.cancel(app.name)}
          </button>
        </form>
      </section>
    ),
  }));
}
