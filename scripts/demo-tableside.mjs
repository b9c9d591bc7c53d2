// Tableside, a demo app on the web: a recipe site that shows what somebody's contacts share about a dish. It may see what is
// public and nothing else. This serves the page; all the rest is in the browser, in tableside/tableside.js.
// `npm run demo:tableside [-- --url http://127.0.0.1:8080]`
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

const USAGE = 'npm run demo:tableside [-- --url http://127.0.0.1:8080]: Tableside, a demo app on the web';

function end(code, text) {
  (code === 0 ? console.log : console.error)(text);
  process.exit(code);
}

function readOptions() {
  try {
    const options = { url: { type: 'string', default: 'http://127.0.0.1:8080' }, help: { type: 'boolean' } };
    const { values } = parseArgs({ options });
    return values.help ? end(0, USAGE) : new URL(values.url);
  } catch (error) {
    return end(1, `${error.message}\n${USAGE}`);
  }
}

const asked = readOptions();
const answer = await fetch(new URL('/oidc/.well-known/openid-configuration', asked)).catch(() =>
  end(1, `No bridge answers at ${asked.origin}. Start one with \`npm start\`, or say where it is with --url.`),
);
const { issuer, authorization_endpoint, token_endpoint } = await answer.json();
const bridge = new URL(issuer).origin;
const socket = `${bridge.replace(/^http/, 'ws')}/bridge`;
/** Where the demo has registered Tableside: an app on the web has one address, and no other page may pass for it. */
const port = Number(new URL(bridge).port || 80) + 2;

const read = (name) => readFileSync(new URL(`tableside/${name}`, import.meta.url), 'utf8');
const attributes = Object.entries({ authorize: authorization_endpoint, token: token_endpoint, socket })
  .map(([name, value]) => `data-${name}="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`)
  .join(' ');
const FILES = new Map([
  ['/', { type: 'text/html', body: read('index.html').replace('<html', `<html ${attributes}`) }],
  ['/tableside.css', { type: 'text/css', body: read('tableside.css') }],
  ['/tableside.js', { type: 'text/javascript', body: read('tableside.js') }],
  ['/dishes.js', { type: 'text/javascript', body: read('dishes.js') }],
]);
const HEADERS = {
  'Content-Security-Policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src ${bridge} ${socket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  // The code comes back in the address of this page.
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

const server = createServer((request, response) => {
  const file = FILES.get(new URL(request.url, 'http://127.0.0.1').pathname);
  if (!file) return response.writeHead(404, HEADERS).end();
  response.writeHead(200, { ...HEADERS, 'Content-Type': `${file.type}; charset=utf-8` }).end(file.body);
});
server.on('error', (error) => end(1, `Tableside cannot listen on 127.0.0.1:${port}: ${error.message}`));
server.listen(port, '127.0.0.1', () => console.log(`Tableside is at http://127.0.0.1:${port}/ (Ctrl-C ends it)`));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
