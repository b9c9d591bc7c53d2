import { beginRedirect, createSignIn, finishRedirect, indexedDbTokens, type SignIn } from '@drawbridge/client/sign-in';
import type { Settings } from '../settings.js';
import { SIDES, type Side } from '../wire/entry.js';

/**
 * How two people are signed in on one page: each in a window of their own, which goes through the real flow (sign-in,
 * consent, redirect) and comes back to this page's own address. There it finishes, tells the console, and closes. Where
 * no window can be opened, the page itself goes, and comes back with both people.
 */
const CHANNEL = 'drawbridge-console-sign-in';
/** In the window's own storage: whom it signs in. */
const KEY = 'drawbridge-console-side';
/** In the same: that it was opened for nothing else. Its name and its opener it loses on the way (Cross-Origin-Opener-Policy). */
const WINDOW_KEY = 'drawbridge-console-window';
/** In the address of a window that is to begin. */
const QUERY = 'sign-in';

export interface SignInOutcome {
  readonly side: Side;
  /** Where they signed in: consoles of several servers may be open. */
  readonly server: string;
  /** Why it failed, such as `access_denied`. */
  readonly error?: string;
}

export function signInOf(side: Side, { publicUrl, clientId, scopes }: Settings): SignIn {
  // By the server too: the tokens of one say nothing to another.
  const storage = indexedDbTokens(`drawbridge-console ${side} ${publicUrl}`);
  return createSignIn({ url: publicUrl, clientId, scopes, storage });
}

const here = () => `${location.origin}${location.pathname}`;

/** Lets a person sign in; resolves when their window is open, or this page has left. */
export async function beginSignIn(side: Side, signIn: SignIn): Promise<void> {
  const opened = window.open(`${here()}?${QUERY}=${side}`, '_blank', 'popup,width=520,height=760');
  if (opened) return opened.focus();
  sessionStorage.setItem(KEY, side);
  await beginRedirect(signIn, here());
}

export function onSignIn({ publicUrl }: Settings, listener: (outcome: SignInOutcome) => void): void {
  new BroadcastChannel(CHANNEL).addEventListener('message', ({ data }: MessageEvent<SignInOutcome>) => {
    if (data.server === publicUrl) listener(data);
  });
}

/**
 * On every start of the page: whether it is a window that signs somebody in. If so there is nothing else for it to do, and
 * it closes. One that may not close itself goes on as a console.
 */
export async function signInStep(settings: Settings): Promise<'none' | 'leaving' | SignInOutcome> {
  const asked = sideOf(new URLSearchParams(location.search).get(QUERY));
  // A link on a stranger's page begins nothing: to this page it has no opener.
  if (asked && window.opener !== null) {
    sessionStorage.setItem(KEY, asked);
    sessionStorage.setItem(WINDOW_KEY, 'yes');
    await beginRedirect(signInOf(asked, settings), here());
    return 'leaving';
  }
  const side = sideOf(sessionStorage.getItem(KEY));
  if (!side) return 'none';
  const outcome = await finished(side, settings);
  if (!outcome) return 'none';
  sessionStorage.removeItem(KEY);
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(outcome);
  channel.close();
  const hasDoneItsWork = sessionStorage.getItem(WINDOW_KEY) !== null;
  sessionStorage.removeItem(WINDOW_KEY);
  if (hasDoneItsWork) window.close();
  return outcome;
}

/** Undefined where no sign-in came back. */
async function finished(side: Side, settings: Settings): Promise<SignInOutcome | undefined> {
  const server = settings.publicUrl;
  try {
    return (await finishRedirect(signInOf(side, settings))) ? { side, server } : undefined;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { side, server, error: code ?? message };
  }
}

function sideOf(text: string | null): Side | undefined {
  return SIDES.find((side) => side === text);
}
