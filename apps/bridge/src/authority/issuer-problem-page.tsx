import { page } from '../pages/layout.js';
import type { SignInRefusal } from './sign-in-refused.js';

interface Said {
  status: number;
  title: string;
  /** What happened, and what the person can do; of whom `host` is. */
  text: (host: string) => string;
  /** Where to try again, if the sign-in still stands. */
  again?: string;
  /** Whether the word for it is shown, for whoever runs this service. */
  named?: boolean;
}

const UNAVAILABLE: Said = {
  status: 503,
  title: 'Signing in is not possible at the moment',
  text: (host) =>
    `You sign in at ${host}, which does not answer as it should. Nothing was shared. Wait a moment and try again; apps that are connected already go on working.`,
  again: 'Try again',
  named: true,
};

const FAILED: Said = {
  status: 400,
  title: 'The sign-in did not work',
  text: (host) =>
    `What ${host} answered could not be accepted, so nobody was signed in and nothing was shared. Try again. If it happens again, tell whoever runs this service.`,
  again: 'Try again',
  named: true,
};

const NOT_ANEW: Said = {
  status: 403,
  title: 'Please sign in anew',
  text: (host) =>
    `Connecting an app takes a fresh sign-in, and ${host} did not ask you for one just now. Nothing was shared. Sign out there, then try again and sign in when you are asked to.`,
  again: 'Try again',
  named: true,
};

const OVER: Said = {
  status: 400,
  title: 'This sign-in is no longer open',
  text: () =>
    'It took too long, was finished already, or was started in another browser. Nothing was shared. Go back to where you began, such as the app, and start the sign-in there again.',
};

const SAID: Readonly<Partial<Record<SignInRefusal, Said>>> = {
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
    title: 'You did not sign in',
    text: (host) =>
      `${host} says that the sign-in was cancelled or not allowed. Nothing was shared. You can try again, or go back.`,
    again: 'Try again, or go back',
  },
  unknown_person: {
    status: 403,
    title: 'Your account is not known here yet',
    text: (host) =>
      `You signed in at ${host}, but there is nobody here with your account. If it is new, wait a few minutes and try again. If you have another account, sign out at ${host} and try again with that one. Otherwise ask the help of ${host}.`,
    again: 'Try again',
    named: true,
  },
  erased_person: {
    status: 403,
    title: 'Your account was removed here',
    text: (host) =>
      `You signed in at ${host} with an account that was removed here for good, with everything that was allowed to apps. If you have another account, sign out at ${host} and try again with that one. If you think that this is a mistake, ask the help of ${host}.`,
    again: 'Try again',
  },
};

/** Why nobody was signed in, and what to do. `again` is the page that the person began at. */
export function issuerProblemPage(of: { code: SignInRefusal; host: string; again: string | undefined }): {
  status: number;
  html: string;
} {
  const { code, host, again } = of;
  const said = SAID[code] ?? FAILED;
  const html = page(
    said.title,
    <section class="card">
      <h1>{said.title}</h1>
      <p class="lead host">{said.text(host)}</p>
      {said.again && again && (
        <div class="actions">
          <a class="button" href={again}>
            {said.again}
          </a>
        </div>
      )}
      {said.named && (
        <p class="small quiet">
          For whoever runs this service: <code>{code}</code>
        </p>
      )}
    </section>,
  );
  return { status: said.status, html };
}
