import { KeyValueStore } from '../indexed-db.js';
import { beginFlow, type Flow, finishFlow } from './flow.js';
import type { SignIn } from './sign-in.js';

/** What a page on its way through the sign-in has to find again: kept in the browser, since the key cannot be written down. */
const flows = new KeyValueStore('drawbridge-redirect');

interface Page {
  readonly location: { readonly href: string; assign(url: string): void };
  readonly history: { replaceState(state: unknown, unused: string, url: string): void };
}

const page = () => globalThis as unknown as Page;

/** Leaves for the sign-in; `redirectUri` is the page that the app is registered with. Does not come back. */
export async function beginRedirect(signIn: SignIn, redirectUri: string): Promise<void> {
  const { flow, url } = await beginFlow(signIn, redirectUri);
  await flows.put(flow.state, flow);
  page().location.assign(url.href);
}

/** On the page of `redirectUri`: finishes a sign-in, if that is where we come from. Throws `access_denied` where the person said no. */
export async function finishRedirect(signIn: SignIn): Promise<boolean> {
  const { location, history } = page();
  const url = new URL(location.href);
  const answer = new URLSearchParams(url.searchParams);
  const state = answer.get('state');
  if (state === null || !(answer.has('code') || answer.has('error'))) return false;
  const flow = (await flows.get(state)) as Flow | undefined;
  // It was not begun here: somebody sent us a link, or the page comes back from elsewhere and needs its parameters.
  if (!flow) return false;
  for (const name of ['code', 'state', 'iss', 'error', 'error_description']) url.searchParams.delete(name);
  history.replaceState(null, '', url.href);
  await flows.delete(state);
  await finishFlow(signIn, answer, flow);
  return true;
}
