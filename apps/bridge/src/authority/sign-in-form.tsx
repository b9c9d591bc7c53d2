import { useTexts } from '../pages/use-texts.js';
import type { Said } from '../texts/said.js';

/** The platform's own provider, and the address that leads there. */
export interface IssuerLink {
  host: string;
  href: string;
}

interface SignInFormProps {
  path: string;
  csrf: string;
  login?: string | undefined;
  problem?: Said | undefined;
  /** A device's code that the person signs in for. */
  userCode?: string;
}

/** However people sign in in this installation. */
export function SignInBy({ issuer, ...form }: SignInFormProps & { issuer: IssuerLink | undefined }) {
  return issuer ? <SignInAtIssuer {...issuer} problem={form.problem} /> : <SignInForm {...form} />;
}

/** Why a form is shown again. `problem` is what its fields are described by. */
export function Problem({ problem, top = false }: { problem: Said | undefined; top?: boolean }) {
  const texts = useTexts();
  if (!problem) return null;
  return (
    <div class={`notice problem${top ? ' top' : ''}`} role="alert" id="problem">
      <p>{problem(texts)}</p>
    </div>
  );
}

/** A link, and no form: a form's policy would forbid the redirects that the provider sends people through. */
function SignInAtIssuer({ host, href, problem }: IssuerLink & { problem: Said | undefined }) {
  const { forms } = useTexts();
  return (
    <>
      <Problem problem={problem} />
      <p>{forms.signInThere(<Host of={host} strong />)}</p>
      <div class="actions">
        <a class="button" href={href} rel="nofollow">
          <span>{forms.signInAt(<Host of={host} />)}</span>
        </a>
      </div>
    </>
  );
}

/** The name of a server, which is from left to right everywhere. */
export function Host({ of, strong = false }: { of: string; strong?: boolean }) {
  const host = <bdi dir="ltr">{of}</bdi>;
  return strong ? <strong class="host">{host}</strong> : host;
}

/** The fields `login` and `password` of the wire contract, for apps' sign-ins and for Connected apps. */
function SignInForm({ path, csrf, login, problem, userCode }: SignInFormProps) {
  const { forms } = useTexts();
  return (
    <form method="post" action={path}>
      <Problem problem={problem} />
      <input type="hidden" name="csrf" value={csrf} />
      {userCode && <input type="hidden" name="user_code" value={userCode} />}
      <div class="field">
        <label for="login">{forms.login}</label>
        <input
          id="login"
          name="login"
          type="text"
          dir="auto"
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
        <label for="password">{forms.password}</label>
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
        <button type="submit">{forms.signIn}</button>
      </div>
    </form>
  );
}

export const WRONG_SIGN_IN: Said = ({ forms }) => forms.wrongSignIn;
export const STALE_FORM: Said = ({ forms }) => forms.stale;
export const NO_PASSWORDS: Said = ({ forms }) => forms.noPasswords;

export function limitedSignIn(retryAfterMs: number): Said {
  const minutes = Math.max(1, Math.ceil(retryAfterMs / 60_000));
  return ({ forms }) => forms.limited(minutes);
}
