import { type Page, page } from '../pages/page.js';
import type { Texts } from '../texts/en.js';
import type { Rich } from '../texts/rich.js';
import { Host } from './sign-in-form.js';
import type { SignInRefusal } from './sign-in-refused.js';

interface Problem {
  status: number;
  title: (issuer: Texts['issuer']) => string;
  /** What happened, and what the person can do; of whom `host` is. */
  text: (issuer: Texts['issuer'], host: Rich) => Rich;
  /** Where to try again, if the sign-in still stands. */
  again?: (issuer: Texts['issuer']) => string;
  /** Whether the word for it is shown, for whoever runs this service. */
  named?: boolean;
}

const again: Problem['again'] = (issuer) => issuer.again;

const UNAVAILABLE: Problem = {
  status: 503,
  title: (issuer) => issuer.unavailable,
  text: (issuer, host) => issuer.unavailableText(host),
  again,
  named: true,
};

const FAILED: Problem = {
  status: 400,
  title: (issuer) => issuer.failed,
  text: (issuer, host) => issuer.failedText(host),
  again,
  named: true,
};

const NOT_ANEW: Problem = {
  status: 403,
  title: (issuer) => issuer.notAnew,
  text: (issuer, host) => issuer.notAnewText(host),
  again,
  named: true,
};

const OVER: Problem = { status: 400, title: (issuer) => issuer.over, text: (issuer) => issuer.overText };

const PROBLEMS: Readonly<Partial<Record<SignInRefusal, Problem>>> = {
  provider_unreachable: UNAVAILABLE,
  provider_slow: UNAVAILABLE,
  provider_unusable: UNAVAILABLE,
  provider_wrong_issuer: UNAVAILABLE,
  old_auth_time: NOT_ANEW,
  no_auth_time: NOT_ANEW,
  unknown_state: OVER,
  sign_in_over: OVER,
  denied: {
    status: 403,
    title: (issuer) => issuer.denied,
    text: (issuer, host) => issuer.deniedText(host),
    again: (issuer) => issuer.againOrBack,
  },
  unknown_person: {
    status: 403,
    title: (issuer) => issuer.unknownPerson,
    text: (issuer, host) => issuer.unknownPersonText(host),
    again,
    named: true,
  },
  erased_person: {
    status: 403,
    title: (issuer) => issuer.erasedPerson,
    text: (issuer, host) => issuer.erasedPersonText(host),
    again,
  },
};

/** Why nobody was signed in, and what to do. `again` is the page that the person began at. */
export function issuerProblemPage(of: { code: SignInRefusal; host: string; again: string | undefined }): {
  status: number;
  page: Page;
} {
  const problem = PROBLEMS[of.code] ?? FAILED;
  return {
    status: problem.status,
    page: page(({ issuer }) => ({
      title: problem.title(issuer),
      body: (
        <section class="card">
          <h1>{problem.title(issuer)}</h1>
          <p class="lead host">{problem.text(issuer, <Host of={of.host} />)}</p>
          {problem.again && of.again && (
            <div class="actions">
              <a class="button" href={of.again}>
                {problem.again(issuer)}
              </a>
            </div>
          )}
          {problem.named && <p class="small quiet">{issuer.forOperators(<code>{of.code}</code>)}</p>}
        </section>
      ),
    })),
  };
}
