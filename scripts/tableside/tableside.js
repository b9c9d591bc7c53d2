// A partner's app on the web, whole: the code flow with PKCE in the browser, then a WebSocket. Tokens stay in memory, so a
// reload asks the person again; only what the way through the sign-in needs is kept in the tab.
import { DISHES } from './dishes.js';

const CLIENT_ID = 'tableside-web';
const { authorize, token: tokenEndpoint, socket: bridge } = document.documentElement.dataset;
const redirectUri = `${location.origin}/`;
const at = (id) => document.getElementById(id);
const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });

/** The connection, where there is one. */
let session;

function element(name, text, attributes = {}) {
  const made = Object.assign(document.createElement(name), { textContent: text });
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

const dishNow = () => DISHES.find(({ id }) => `#${id}` === location.hash) ?? DISHES[0];

function showDish() {
  const dish = dishNow();
  document.title = `${dish.name} · Tableside`;
  at('name').textContent = dish.name;
  at('about').textContent = dish.about;
  at('needs').replaceChildren(...dish.needs.map((need) => element('li', need)));
  const links = DISHES.map(({ id, name }) => {
    const item = element('li', '');
    item.append(element('a', name, { href: `#${id}`, ...(id === dish.id ? { 'aria-current': 'page' } : {}) }));
    return item;
  });
  at('dishes').replaceChildren(...links);
  at('friends').replaceChildren();
  if (session) void showFriends();
}

/** Without a connection: why there is none, and the button that makes one. */
function offer(status) {
  session = undefined;
  at('status').textContent = status;
  at('friends').replaceChildren();
  at('connect').hidden = false;
  at('leave').hidden = true;
}

async function showFriends() {
  const dish = dishNow();
  try {
    const { activities } = await session.command('activity.list', { about: { kind: 'dish', id: dish.id } });
    // The person may have gone on to another dish meanwhile.
    if (!session || dish !== dishNow()) return;
    at('status').textContent = activities.length > 0 ? '' : 'None of your friends has shared anything about it yet.';
    at('friends').replaceChildren(...activities.map(activityItem));
  } catch (error) {
    if (session) at('status').textContent = `This could not be shown (${error.message}).`;
  }
}

function activityItem({ person, verb, object, at: when, url }) {
  const item = element('li', '');
  const what = url?.startsWith('https://') ? element('a', object.name, { href: url, rel: 'noreferrer' }) : object.name;
  item.append(element('strong', person.name), ` ${verb} `, what);
  item.append(element('time', day.format(new Date(when)), { datetime: when }));
  return item;
}

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

async function signIn() {
  const [verifier, state] = [random(), random()];
  sessionStorage.setItem('sign-in', JSON.stringify({ verifier, state, dish: location.hash }));
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  const question = new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT_ID,
    redirect_uri: redirectUri,
    scope: 'profile public.read',
    code_challenge: base64url(new Uint8Array(hash)),
    code_challenge_method: 'S256',
    state,
  });
  location.assign(`${authorize}?${question}`);
}

async function askForTokens(form) {
  const body = new URLSearchParams({ ...form, client_id: CLIENT_ID });
  const response = await fetch(tokenEndpoint, { method: 'POST', body });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

/** Comes back from the sign-in, if that is where we come from. */
async function signedIn() {
  const answer = new URLSearchParams(location.search);
  const kept = JSON.parse(sessionStorage.getItem('sign-in') ?? 'null');
  sessionStorage.removeItem('sign-in');
  if (answer.size === 0) return offer('Connect, and see what your friends share about this dish.');
  history.replaceState(null, '', `/${kept?.dish ?? ''}`);
  showDish();
  if (!kept || answer.get('state') !== kept.state) return offer('That sign-in was not begun here. Please try again.');
  if (!answer.has('code')) return offer('You said no. That is fine; the recipes are here all the same.');
  const code = { code: answer.get('code'), code_verifier: kept.verifier, redirect_uri: redirectUri };
  connect(await askForTokens({ grant_type: 'authorization_code', ...code }));
}

/** What the person reads when the connection is over. 44xx is final; after anything else a click tries again. */
const ENDINGS = {
  4403: 'The access has ended. Nothing more is shown.',
  signed_out: 'You are disconnected.',
};

function connect(tokens) {
  const socket = new WebSocket(bridge, 'drawbridge.v1');
  const waiting = new Map();
  let refreshToken = tokens.refresh_token;
  const command = (event, data) =>
    new Promise((resolve, reject) => {
      const id = crypto.randomUUID();
      waiting.set(id, { resolve, reject });
      socket.send(JSON.stringify({ event, id, data }));
    });
  const events = {
    hello: async () => {
      const client = { name: 'Tableside', version: '1.0' };
      const { person, grant } = await command('session.open', { token: tokens.access_token, client });
      session = { command };
      at('friends-heading').textContent = person.name ? `${person.name}’s friends` : 'Your friends';
      at('connect').hidden = true;
      at('leave').hidden = false;
      allowed(grant.scopes);
    },
    'grant.changed': ({ scopes }) => allowed(scopes),
    'session.expiring': async () => {
      const renewed = await askForTokens({ grant_type: 'refresh_token', refresh_token: refreshToken });
      refreshToken = renewed.refresh_token;
      await command('session.refresh', { token: renewed.access_token });
    },
  };
  socket.onmessage = ({ data }) => {
    const { event, id, data: told } = JSON.parse(data);
    const asked = waiting.get(id);
    waiting.delete(id);
    if (event === 'ok') asked?.resolve(told);
    else if (event === 'error') asked?.reject(new Error(told.code));
    else void Promise.resolve(events[event]?.(told)).catch(() => socket.close());
  };
  socket.onclose = ({ code, reason }) => {
    for (const { reject } of waiting.values()) reject(new Error('disconnected'));
    offer(ENDINGS[reason] ?? ENDINGS[code] ?? 'The connection was lost.');
  };
}

function allowed(scopes) {
  if (scopes.includes('public.read')) return showFriends();
  at('friends').replaceChildren();
  at('status').textContent = 'You have not allowed Tableside to see what your friends share.';
}

at('connect').addEventListener('click', () => void signIn());
at('leave').addEventListener('click', () => session?.command('session.close', {}).catch(() => {}));
addEventListener('hashchange', showDish);
showDish();
signedIn().catch((error) => offer(`The sign-in did not work (${error.message}).`));
