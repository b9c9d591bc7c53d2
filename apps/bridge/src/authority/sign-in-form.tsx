/** The platform's own provider, and the address that leads there. */
export interface IssuerLink {
  host: string;
  href: string;
}

interface SignInFormProps {
  path: string;
  csrf: string;
  login?: string;
  problem?: string | undefined;
  /** A device's code that the person signs in for. */
  userCode?: string;
}

/** However people sign in in this installation. */
export function SignInBy({ issuer, ...form }: SignInFormProps & { issuer: IssuerLink | undefined }) {
  return issuer ? <SignInAtIssuer {...issuer} problem={form.problem} /> : <SignInForm {...form} />;
}

/** A link, and no form: a form's policy would forbid the redirects that the provider sends people through. */
function SignInAtIssuer({ host, href, problem }: IssuerLink & { problem: string | undefined }) {
  return (
    <>
      {problem && (
        <div class="notice problem" role="alert">
          <p>{problem}</p>
        </div>
      )}
      <p>
        You sign in at <strong class="host">{host}</strong>, also if you are signed in there already, and come back
        here.
      </p>
      <div class="actions">
        <a class="button" href={href} rel="nofollow">
          Sign in at {host}
        </a>
      </div>
    </>
  );
}

/** The fields `login` and `password` of the wire contract, for apps' sign-ins and for Connected apps. */
function SignInForm({ path, csrf, login, problem, userCode }: SignInFormProps) {
  return (
    <form method="post" action={path}>
      {problem && (
        <div class="notice problem" role="alert" id="problem">
          <p>{problem}</p>
        </div>
      )}
      <input type="hidden" name="csrf" value={csrf} />
      {userCode && <input type="hidden" name="user_code" value={userCode} />}
      <div class="field">
        <label for="login">Login</label>
        <input
          id="login"
          name="login"
          type="text"
          required
          maxLength={200}
          value={login}
          autocomplete="username"
          autocapitalize="none"
          autocorrect="off"
          spellcheck={false}
          aria-describedby={problem && 'problem'}
        />
      </div>
      <div class="field">
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          required
          maxLength={1024}
          autocomplete="current-password"
          aria-describedby={problem && 'problem'}
        />
      </div>
      <div class="actions">
        <button type="submit">Sign in</button>
      </div>
    </form>
  );
}

export const WRONG_SIGN_IN = 'That login and password do not go together. Check both and try again.';

export function limitedSignIn(retryAfterMs: number): string {
  const minutes = Math.max(1, Math.ceil(retryAfterMs / 60_000));
  return `There were too many failed attempts. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
}

export const STALE_FORM = 'This form was too old or did not come from this page. Please fill it in again.';

export const NO_PASSWORDS = 'Nobody signs in with a password here.';
