import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { startBridge } from '@drawbridge/testing';
import { ROOT_TOKEN } from './admin-harness.js';

test('every example of docs/operators.md works as it stands, one after the other', async () => {
  const page = readFileSync('docs/operators.md', 'utf8');
  const examples = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, code]) => code!);
  expect(examples.length).toBeGreaterThan(5);
  await using bridge = await startBridge({ database: 'postgres', env: { ADMIN_TOKEN: ROOT_TOKEN } });
  const script = examples.join('\n').replaceAll('http://127.0.0.1:8081', bridge.internalUrl);
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', script], { env: { ...process.env, ADMIN_TOKEN: ROOT_TOKEN } });
  let said = '';
  for (const stream of [shell.stdout, shell.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const [code] = (await once(shell, 'close')) as [number | null];
  expect(said).toContain('"statusReason":"tokens leaked"');
  expect([code, code === 0 ? '' : said]).toEqual([0, '']);
});
