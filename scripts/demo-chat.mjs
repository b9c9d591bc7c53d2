// A chat in the terminal, as the demo app Tunebox: the whole path of a partner's desktop app in one file. It knows
// nothing of the bridge but its address. `npm run demo:chat [-- --url http://127.0.0.1:8080]`
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import WebSocket from 'ws';

const { values } = parseArgs({ options: { url: { type: 'string', default: 'http://127.0.0.1:8080' } } });
const bridge = values.url.replace(/\/$/, '');
const CLIENT_ID = 'tunebox-desktop';
const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

/** RFC 8252: the system browser signs in, and the code comes back to a listener on a free loopback port. */
async function signIn() {
  const { authorization_endpoint, token_endpoint } = await json(`${bridge}/oidc/.well-known/openid-configuration`);
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
    code_challenge: base64url(createHash('sha256').update(verifier).digest()),
    code_challenge_method: 'S256',
  });
  console.log(`Open this address in a browser and sign in (waiting):\n\n  ${authorization_endpoint}?${question}\n`);
  const answer = await arrived;
  listener.close();
  if (!answer.get('code')) throw new Error(`The sign-in ended with ${answer.get('error')}.`);
  const form = {
    grant_type: 'authorization_code',
    code: answer.get('code'),
    redirect_uri,
    client_id: CLIENT_ID,
    code_verifier: verifier,
  };
  const tokens = await json(token_endpoint, { method: 'POST', body: new URLSearchParams(form) });
  return {
    tokens,
    refresh: (refresh_token) =>
      json(token_endpoint, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id: CLIENT_ID }),
      }),
  };
}

async function json(url, options) {
  const response = await fetch(url, options);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error_description ?? body.error ?? `${url} answered ${response.status}`);
  return body;
}

async function chat() {
  const { tokens, refresh } = await signIn();
  let { access_token, refresh_token } = tokens;
  const socket = new WebSocket(`${bridge.replace(/^http/, 'ws')}/bridge`, 'drawbridge.v1');
  const waiting = new Map();
  let frames = 0;
  const request = (event, data) => {
    const { promise, resolve, reject } = Promise.withResolvers();
    const id = `c-${++frames}`;
    waiting.set(id, { resolve, reject });
    socket.send(JSON.stringify({ event, id, data }));
    return promise;
  };
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
  const say = (line) => {
    process.stdout.write(`\r\u001b[K${line}\n`);
    terminal.prompt(true);
  };

  let me;
  const events = {
    hello: async () => {
      const session = await request('session.open', {
        token: access_token,
        client: { name: 'demo-chat', version: '1' },
      });
      me = session.person;
      say(`You are ${me.name ?? me.id}, in ${session.app.name}. Allowed: ${session.grant.scopes.join(', ')}.`);
      const others = (members) => members.filter(({ id }) => id !== me.id);
      if (session.grant.scopes.includes('messages.read')) {
        const { conversations } = await request('conversation.list', {});
        for (const { title, members, lastMessage } of conversations) {
          const last = lastMessage ? `${lastMessage.from.name} wrote "${lastMessage.text}"` : 'nothing yet';
          say(
            `  [${
              title ??
              others(members)
                .map(({ name }) => name)
                .join(', ')
            }] ${last}`,
          );
        }
      }
      const example = me.id === 'bob' ? 'alice' : 'bob';
      say(`Write "${example} hello" to say hello to ${example}: an id, then the text. Ctrl-C ends.`);
    },
    'message.created': ({ message }) =>
      message.from.id !== me?.id &&
      say(`${message.from.name}: ${message.text}${message.via ? ` (via ${message.via.app})` : ''}`),
    'session.expiring': async () => {
      ({ access_token, refresh_token } = await refresh(refresh_token));
      await request('session.refresh', { token: access_token });
    },
    going_away: () => say('The bridge is restarting; start again in a moment.'),
  };
  const complain = (problem) => say(`! ${problem.message}`);
  socket.on('message', (bytes) => {
    const frame = JSON.parse(bytes);
    const reply = waiting.get(frame.id);
    waiting.delete(frame.id);
    if (frame.event === 'ok') reply?.resolve(frame.data);
    else if (frame.event === 'error')
      (reply?.reject ?? complain)(Object.assign(new Error(frame.data.message), frame.data));
    else Promise.resolve(events[frame.event]?.(frame.data)).catch(complain);
  });
  socket.on('close', (code, reason) => {
    console.log(`\nClosed: ${code} ${reason}. See ${bridge}/errors/${reason}`);
    process.exit(0);
  });
  terminal.on('line', (line) => {
    const [, to, text] = /^(\S+)\s+(.+)$/.exec(line) ?? [];
    if (to)
      request('message.send', { to, text, clientId: randomUUID() }).then(() => say(`you → ${to}: ${text}`), complain);
    else say('Write an id and a text, such as: bob hello');
  });
  terminal.on('close', () => socket.close(1000));
}

await chat().catch((problem) => {
  console.error(problem.message);
  process.exit(1);
});
