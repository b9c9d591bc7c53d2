import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { FormBrowser, formWith, freePort, postgresUrl } from '@drawbridge/testing';

const COMMAND = ['scripts/run-ts.mjs', 'apps/example-platform/src/main.ts'];

test('one command runs the platform and its bridge, says where they are, and stops both', async () => {
  const [port, bridgePort, internalPort] = [await freePort(), await freePort(), await freePort()];
  const data = mkdtempSync(join(tmpdir(), 'drawbridge-data-'));
  const ports = { port, 'bridge-port': bridgePort, 'internal-port': internalPort };
  const options = Object.entries({ ...ports, data, 'bridge-database': await postgresUrl() }).flatMap(
    ([name, value]) => [`--${name}`, String(value)],
  );
  const program = spawn(process.execPath, [...COMMAND, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(program, 'exit');
  const said: string[] = [];
  for await (const line of createInterface(program.stdout)) {
    said.push(line);
    if (line.startsWith('Ctrl-C')) break;
  }
  const page = `http://127.0.0.1:${port}`;
  expect(said[0]).toBe(`Commons, the example platform, is at ${page}`);
  const [, login, password] = /sign in as +(\w+),.* password (\S+)/.exec(said.join('\n'))!;
  const browser = new FormBrowser(page);
  const chats = await browser.submit(formWith(await browser.get('/'), 'password'), {
    login: login!,
    password: password!,
  });
  expect(chats.html).toContain('Friday band');
  // Each on a database of its own, the bridge has been told who there is and what they wrote.
  const { token } = JSON.parse(readFileSync(join(data, 'secrets.json'), 'utf8')) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  const positions = async () => {
    const answer = await fetch(`http://127.0.0.1:${internalPort}/platform/v1/conversations`, { headers });
    const { conversations } = (await answer.json()) as { conversations: { lastPosition: number }[] };
    return conversations.map(({ lastPosition }) => lastPosition).join();
  };
  while ((await positions()) !== '2,2') await new Promise((resolve) => setTimeout(resolve, 50));
  const connected = await fetch(`http://127.0.0.1:${bridgePort}/connected-apps`);
  expect(await connected.text()).toContain(new URL(page).host);

  program.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  await expect(fetch(`http://127.0.0.1:${bridgePort}/livez`)).rejects.toThrow();
  rmSync(data, { recursive: true });
});
