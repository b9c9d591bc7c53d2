import { LANGUAGES } from '../texts/languages.js';
import { startPage } from './start-page.js';

const HERE = {
  publicUrl: 'http://127.0.0.1:8080',
  internalUrl: 'http://127.0.0.1:8081',
  demo: true,
  signIn: undefined,
};
const PUBLIC = { ...HERE, publicUrl: 'https://bridge.example', internalUrl: 'http://10.1.2.3:9001' };

const html = (of: Parameters<typeof startPage>[0]) => startPage(of).html(LANGUAGES[0]!, of.publicUrl);

test('the start page of a demo on one’s own machine leads to the console', () => {
  expect(html(HERE)).toContain('<a href="http://127.0.0.1:8081/console/">');
});

test.each([
  ['which is reached from elsewhere', PUBLIC],
  ['without the demo', { ...HERE, demo: false }],
  ['behind another name', { ...HERE, publicUrl: 'https://bridge.example' }],
  ['with an internal listener elsewhere', { ...HERE, internalUrl: 'http://10.1.2.3:8081' }],
])('the start page of a bridge %s says how operators find their listener, and not where it is', (_, of) => {
  expect(html(of)).not.toContain(new URL(of.internalUrl).host);
  expect(html(of)).toContain('<code>INTERNAL_PORT</code>');
});

test('whoever signs in at the platform’s own provider is shown no demo login', () => {
  expect(html(HERE)).toContain('<code>alice</code>');
  expect(html({ ...HERE, signIn: {} })).not.toContain('<code>alice</code>');
});
