import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connectedApps, signsIn, startBridge } from '@drawbridge/testing';

const page = readFileSync('docs/sdk.md', 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text!);

/** Resolves when the output has it, to what was found. */
function said(output: () => string, what: RegExp, source: NodeJS.EventEmitter): Promise<RegExpExecArray> {
  return new Promise((found) => {
    const look = () => {
      const match = what.exec(output());
      if (match) found(match);
    };
    source.on('data', look);
    look();
  });
}

test('the quick start works as it is pasted, from an empty folder, in under 30 lines, and stops when the consent ends (I1)', async () => {
  const [script] = blocks('js');
  expect(script!.trim().split('\n').length).toBeLessThan(30);
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-quick-start-'));
  const bridge = startBridge({ database: 'postgres' });
  const packed = execFileSync('node', ['scripts/client-package.mjs', '--out', join(folder, 'sdk')], {
    encoding: 'utf8',
  });
  const install = /^npm install \S+ (oauth4webapi)@3$/m.exec(blocks('sh')[0]!)!;
  // As the page says, but for the network.
  const args = ['install', '--offline', packed.trim(), resolve('node_modules', install[1]!)];
  const chat = join(folder, 'my-chat');
  mkdirSync(chat);
  execFileSync('npm', ['init', '-y'], { cwd: chat, stdio: 'ignore' });
  execFileSync('npm', args, { cwd: chat, stdio: 'ignore' });
  writeFileSync(join(chat, 'chat.mjs'), script!);

  await using running = await bridge;
  const env = { PATH: process.env.PATH, BRIDGE: running.publicUrl };
  const start = () => {
    const program = spawn(process.execPath, ['chat.mjs'], { cwd: chat, env, stdio: 'pipe' });
    let output = '';
    for (const stream of [program.stdout, program.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const says = (what: RegExp, on: 'stdout' | 'stderr' = 'stdout') => said(() => output, what, program[on]);
    return { program, says, exited: once(program, 'exit') };
  };
  const asks = /http\S+\/oidc\/auth\?\S+/;
  const first = start();
  const [address] = await first.says(asks, 'stderr');
  await signsIn(address, { login: 'alice', scopes: ['profile', 'messages.read', 'messages.send'] });
  await first.says(/\(live\)/);
  first.program.stdin.write('\nbob Hello from an empty folder\n');
  await first.says(/Alice Moreau: Hello from an empty folder/);
  first.program.stdin.write('nobody Hello\n');
  await first.says(/! /);
  first.program.stdin.end();
  expect(await first.exited).toEqual([0, null]);

  const second = start();
  await second.says(/\(live\)/);
  const apps = await connectedApps(running, { login: 'alice', password: 'drawbridge' });
  await apps.end(apps.grants[0]!);
  await second.says(/\(ended: revoked_by_person\)/);
  // It stops by itself, and knows nothing of the sign-in any more.
  expect(await second.exited).toEqual([0, null]);
  const third = start();
  await third.says(asks, 'stderr');
  third.program.kill();
});

test('every option has its line in the documentation', () => {
  const options = readFileSync('libs/client/src/options.ts', 'utf8');
  const names = [...options.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name!);
  const documented = readFileSync('docs/sdk/options.md', 'utf8');
  expect(names.filter((name) => !documented.includes(`| \`${name}\` |`))).toEqual([]);
});
