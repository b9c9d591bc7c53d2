// A chat in the terminal, as the demo app Tunebox: the whole path of a partner's desktop app in one file. It knows
// nothing of the bridge but its address. `npm run demo:chat [-- --url http://127.0.0.1:8080]`
import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import WebSocket from 'ws';

const USAGE = 'npm run demo:chat [-- --url http://127.0.0.1:8080]: a chat in the terminal, as the demo app Tunebox';
const values = readOptions();
const bridge = values.url.replace(/\/$/, '');
const CLIENT_ID = 'tunebox-desktop';
const base64url = (bytes) => Buffer.from(bytes).toString('base64url');
const sha256 = (text) => base64url(createHash('sha256').update(text).digest());

/** The key of this run, which its tokens are bound to (RFC 9449): whoever steals one has nothing without it. */
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { kty, crv, x, y } = key.publicKey.export({ format: 'jwk' });

/** A proof that we hold the key, made for one request and good for no other. */
function proof(claims) {
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } };
  const payload = { jti: randomUUID(), iat: Math.floor(Date.now() / 1000), ...claims };
  const signed = [header, payload].map((part) => base64url(JSON.stringify(part))).join('.');
  const signature = sign('sha256', signed, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${base64url(signature)}`;
}

const words = ({ text, title, note }) =>
  title ? `recommends ${title.name}, ${title.url}${note ? ` (${note})` : ''}` : text;

function did(message) {
  if (message.deletedAt) return 'deleted a message';
  return message.title ? words(message) : `wrote "${message.text}"`;
}

function readOptions() {
  const options = { url: { type: 'string', default: 'http://127.0.0.1:8080' }, help: { type: 'boolean' } };
  try {
    const { values } = parseArgs({ options });
    if (!values.help) return values;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(1);
  }
}

/** RFC 8252: the system browser signs in, and the code comes back to a listener on a free loopback port. */
async function signIn() {
  const { issuer, authorization_endpoint, token_endpoint } = await answerOf(
    await request(`${bridge}/oidc/.well-known/openid-configuration`),
  );
  const verifier = base64url(randomBytes(32));
  const state = base64url(randomBytes(16));
  const { promise: arrived, resolve } = Promise.withResolvers();
  const listener = createServer((request, response) => {
    const answer = new URL(request.url, 'http://127.0.0.1').searchParams;
    if (answer.get('state') !== state) return response.writeHead(404).end();
    response.end(
      `${answer.get('code') ? 'Signed in.' : 'Not signed in.'} Go back to the terminal; this page can be closed.`,
    );
    resolve(answer);
  });
  await new Promise((listening) => listener.listen(0, '127.0.0.1', listening));
  const redirect_uri = `http://127.0.0.1:${listener.address().port}/callback`;
  const question = new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT_ID,
    redirect_uri,
    state,
    scope: 'openid profile messages.read messages.send contacts.read presence.read',
    code_challenge: sha256(verifier),
    code_challenge_method: 'S256',
  });
  console.log(`Open this address in a browser and sign in (waiting):\n\n  ${authorization_endpoint}?${question}\n`);
  const answer = await arrived;
  listener.close();
  if (!answer.get('code')) throw new Error(`The sign-in ended with ${answer.get('error')}.`);
  const code = { code: answer.get('code'), redirect_uri, code_verifier: verifier };
  return {
    // As the bridge calls itself, whatever it was called on the command line.
    publicUrl: issuer.replace(/\/oidc$/, ''),
    tokens: await askForTokens(token_endpoint, { grant_type: 'authorization_code', ...code }),
    refresh: (refresh_token) => askForTokens(token_endpoint, { grant_type: 'refresh_token', refresh_token }),
  };
}

/** What the token endpoint wants to find in the next proof. */
let nonce;

async function askForTokens(url, form) {
  const body = new URLSearchParams({ ...form, client_id: CLIENT_ID });
  const ask = async () => {
    const headers = { dpop: proof({ htm: 'POST', htu: url, nonce }) };
    const response = await request(url, { method: 'POST', headers, body });
    nonce = response.headers.get('dpop-nonce') ?? nonce;
    return answerOf(response);
  };
  // The same again, with the nonce that came with the refusal.
  return ask().catch((problem) => {
    if (problem.error !== 'use_dpop_nonce') throw problem;
    return ask();
  });
}

function request(url, options) {
  return fetch(url, options).catch(() => {
    throw new Error(`No bridge answers at ${bridge}. Start one with \`npm start\`, or say where it is with --url.`);
  });
}

async function answerOf(response) {
  const body = await response.json();
  if (response.ok) return body;
  const told = body.error_description ?? body.error ?? `${response.url} answered ${response.status}`;
  throw Object.assign(new Error(told), { error: body.error });
}

/** What a client waits before it connects again, twice as long each time, with some chance in it. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/** 44xx and what the user did are final; a bridge that went away, or a lost connection, is not. */
const comesBack = (code) => code !== 1000 && (code < 4400 || code >= 4500);

async function chat() {
  const { publicUrl, tokens, refresh } = await signIn();
  let { access_token, refresh_token } = tokens;
  const renew = async () => {
    ({ access_token, refresh_token } = await refresh(refresh_token));
  };
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
  const say = (line) => {
    process.stdout.write(`\r\u001b[K${line}\n`);
    terminal.prompt(true);
  };
  const complain = (problem) => say(`! ${problem.message}`);

  let socket;
  let waiting = new Map();
  let frames = 0;
  let waitMs = FIRST_WAIT_MS;
  /** A new token was fetched because of a 4401, and no session opened since. */
  let renewed = false;
  let me;
  /** Where to go on after a connection was lost: the epoch of the mailbox, and the last event seen. */
  let place;
  /** What the bridge wants to find in the next proof on this connection. */
  let sessionNonce;
  const command = (event, data) => {
    const { promise, resolve, reject } = Promise.withResolvers();
    const id = `c-${++frames}`;
    waiting.set(id, { resolve, reject });
    socket.send(JSON.stringify({ event, id, data }));
    return promise;
  };

  /** The token, and that it is ours. */
  const shown = () => ({
    token: access_token,
    proof: proof({ htm: 'GET', htu: `${publicUrl}/bridge`, ath: sha256(access_token), nonce: sessionNonce }),
  });
  const open = async () => {
    const client = { name: 'demo-chat', version: '1' };
    const session = await command('session.open', { ...shown(), client, ...(place ? { resume: place } : {}) });
    sessionNonce = session.nonce;
    waitMs = FIRST_WAIT_MS;
    renewed = false;
    if (session.mailbox) place ??= { epoch: session.mailbox.epoch, after: session.mailbox.head };
    return session;
  };
  const greet = async (session, gateway) => {
    me = session.person;
    say(
      `You are ${me.name ?? me.id}, in ${session.app.name}, on ${gateway}. Allowed: ${session.grant.scopes.join(', ')}.`,
    );
    if (session.grant.scopes.includes('messages.read')) {
      const { conversations } = await command('conversation.list', {});
      for (const { title, members, lastMessage } of conversations) {
        const others = members.filter(({ id }) => id !== me.id).map(({ name }) => name);
        const last = lastMessage ? `${lastMessage.from.name} ${did(lastMessage)}` : 'nothing yet';
        say(`  [${title ?? others.join(', ')}] ${last}`);
      }
    }
    const example = me.id === 'bob' ? 'alice' : 'bob';
    say(`Write "${example} hello" to say hello to ${example}: an id, then the text. Ctrl-C ends.`);
  };
  const events = {
    hello: async ({ gateway, nonce }) => {
      sessionNonce = nonce;
      const session = await open();
      if (me) say(`(connected again, on ${gateway})`);
      else await greet(session, gateway);
    },
    'message.created': ({ message }) =>
      message.from.id !== me?.id &&
      say(`${message.from.name}: ${words(message)}${message.via ? ` (via ${message.via.app})` : ''}`),
    'mailbox.reset': ({ epoch, head }) => {
      place = { epoch, after: head };
    },
    'session.expiring': async () => {
      await renew();
      ({ nonce: sessionNonce } = await command('session.refresh', shown()));
    },
    'grant.changed': ({ scopes }) =>
      say(`(what this app may do has changed; allowed from now on: ${scopes.join(', ') || 'nothing'})`),
    going_away: () => say('(the bridge is going away)'),
  };
  const take = (bytes) => {
    const frame = JSON.parse(bytes);
    if (frame.seq !== undefined && place) place.after = frame.seq;
    const reply = waiting.get(frame.id);
    waiting.delete(frame.id);
    if (frame.event === 'ok') reply?.resolve(frame.data);
    else if (frame.event === 'error')
      (reply?.reject ?? complain)(Object.assign(new Error(frame.data.message), frame.data));
    else Promise.resolve(events[frame.event]?.(frame.data)).catch(complain);
  };

  const closed = async (code, reason) => {
    for (const { reject } of waiting.values()) reject(new Error('The connection was lost before the answer.'));
    waiting = new Map();
    if (code === 4401 && !renewed) {
      // The token may have run out while nobody was connected: once more with a new one.
      renewed = true;
      try {
        await renew();
        return connect();
      } catch {}
    }
    if (code === 1000) process.exit(0);
    if (!comesBack(code)) {
      console.log(`\nClosed: ${code} ${reason}. See ${bridge}/errors/${reason || code}`);
      process.exit(0);
    }
    if (waitMs === FIRST_WAIT_MS) say(`(the connection is gone: ${code} ${reason}; connecting again)`);
    setTimeout(connect, waitMs * (0.5 + Math.random() / 2));
    waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
  };
  const connect = () => {
    socket = new WebSocket(`${bridge.replace(/^http/, 'ws')}/bridge`, 'drawbridge.v1');
    socket.on('error', () => {});
    socket.on('message', take);
    socket.on('close', (code, reason) => void closed(code, String(reason)));
  };
  connect();

  terminal.on('line', (line) => {
    const [, to, text] = /^(\S+)\s+(.+)$/.exec(line) ?? [];
    if (!to) return say('Write an id and a text, such as: bob hello');
    if (socket.readyState !== WebSocket.OPEN) return say('! There is no connection at present; try again in a moment.');
    const failed = (problem) =>
      problem.code === 'not_found' ? say(`! Nobody whom you may write to is called ${to}.`) : complain(problem);
    command('message.send', { to, text, clientId: randomUUID() }).then(() => say(`you → ${to}: ${text}`), failed);
  });
  terminal.on('close', () => {
    if (socket.readyState === WebSocket.OPEN) socket.close(1000);
    else process.exit(0);
  });
}

await chat().catch((problem) => {
  console.error(problem.message);
  process.exit(1);
});
