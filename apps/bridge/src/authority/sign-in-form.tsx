/** The fields `login` and `password` of the wire contract, for apps' sign-ins and for Connected apps. */
export function SignInForm(props: {
  path: string;
  csrf: string;
  login?: string;
  problem?: string | undefined;
  /** A device's code that the person signs in for. */
  userCode?: string;
}) {
  const { path, csrf, login, problem, userCode } = props;
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
