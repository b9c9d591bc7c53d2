import { readFileSync } from 'node:fs';
import { startBridge, startRedis } from '@drawbridge/testing';
import { SETTINGS } from '../src/config/settings.js';

const read = (path: string) => readFileSync(path, 'utf8');
const metricsIn = (text: string) => new Set(text.match(/\bdrawbridge_[a-z_]+[a-z]\b/g));
const series = (name: string) => name.replace(/_(bucket|count|sum)$/, '');

test('docs/settings.md has every setting there is, and no other', () => {
  const told = [...read('docs/settings.md').matchAll(/^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \|/gm)].flatMap(([, names]) =>
    names!.split(', ').map((name) => name.slice(1, -1)),
  );
  expect(told.toSorted()).toEqual(SETTINGS.map(({ name }) => name).toSorted());
});

/** Nothing listens there, and nothing is told. */
const WEBHOOKS = {
  PLATFORM_WEBHOOK_URL: 'http://127.0.0.1:9/hook',
  PLATFORM_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}`,
};

test('docs/operations.md has every metric that is served, and neither it nor the alerts name another', async () => {
  const redis = await startRedis();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => redis.stop());
  const bridge = stack.use(await startBridge({ database: 'postgres', env: { REDIS_URL: redis.url, ...WEBHOOKS } }));
  const page = await (await fetch(`${bridge.internalUrl}/metrics`)).text();
  const served = new Set([...page.matchAll(/^# TYPE (drawbridge_\w+) /gm)].map(([, name]) => name!));
  const told = metricsIn(read('docs/operations.md'));
  const inRules = metricsIn(read('deploy/alerts.yml'));
  expect([...served].filter((name) => !told.has(name))).toEqual([]);
  expect([...told, ...inRules].filter((name) => !served.has(name) && !served.has(series(name)))).toEqual([]);
});
