import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BridgeProcess } from './bridge-process.js';

const CONFIG = 'deploy/haproxy.cfg';
const LOOK_EVERY_MS = 50;

/** HAProxy with the file of docker-compose.yml, but for addresses, which are containers' there. It listens when this resolves. */
export async function startHaproxy(
  port: number,
  bridges: readonly BridgeProcess[],
  { maxconn = 200 } = {},
): Promise<AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, adapted(port, bridges, maxconn));
  const checked = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' });
  const complaints = checked.stderr?.match(/\[(WARNING|ALERT)\].*/g);
  if (checked.status !== 0 || complaints) throw new Error(`HAProxy does not take ${CONFIG}: ${complaints?.join('\n')}`);
  const program: ChildProcess = spawn('haproxy', ['-f', file], { stdio: 'ignore' });
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/livez`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await answers())) await sleep(LOOK_EVERY_MS);
  return {
    async [Symbol.asyncDispose]() {
      const gone = once(program, 'exit');
      program.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function adapted(port: number, bridges: readonly BridgeProcess[], maxconn: number): string {
  const servers = bridges.map(
    ({ ownUrl, internalUrl }, index) =>
      `    server bridge-${index + 1} ${new URL(ownUrl).host} port ${new URL(internalUrl).port}`,
  );
  const changes: [string | RegExp, string][] = [
    ['bind :8080', `bind 127.0.0.1:${port}`],
    [' resolvers docker init-addr libc,none', ''],
    [/resolvers docker[\s\S]*/, ''],
    ['maxconn 20000', `maxconn ${maxconn}`],
    [/( {4}server bridge-\d+ bridge-\d+:8080\n?)+/, `${servers.join('\n')}\n`],
  ];
  return changes.reduce(
    (text, [from, to]) => {
      if (text.search(from) < 0) throw new Error(`There is no ${from} in ${CONFIG} any more.`);
      return text.replace(from, to);
    },
    readFileSync(CONFIG, 'utf8'),
  );
}
