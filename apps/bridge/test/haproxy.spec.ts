import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  BridgeClient,
  type BridgeProcess,
  freePort,
  postgresUrl,
  signIn,
  startBridge,
  startHaproxy,
  startRedis,
  type Tokens,
} from '@drawbridge/testing';

const config = readFileSync('deploy/haproxy.cfg', 'utf8');
const compose = readFileSync('docker-compose.yml', 'utf8');
const app = { password: 'drawbridge', clientId: 'tunebox-desktop' } as const;

test('The balancer of docker-compose.yml knows every bridge of it by its name and ports', () => {
  const services = [...compose.matchAll(/^ {2}(bridge-\d+):$/gm)].map(([, name]) => name);
  const servers = [...config.matchAll(/^ {4}server (\S+) (\S+):(\d+)$/gm)].map(([, name, host, port]) => {
    expect([host, port]).toEqual([name, '8080']);
    return name;
  });
  expect(services.length).toBeGreaterThan(1);
  expect(servers).toEqual(services);
  expect(compose).toContain('./deploy/haproxy.cfg:');
  expect(readFileSync('Dockerfile', 'utf8')).toMatch(/EXPOSE 8080 8081/);
});

test('Behind HAProxy people sign in and chat across bridges, and one bridge is stopped without a request that fails (I3, I4)', async () => {
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  const redis = await startRedis();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => redis.stop());
  const databaseUrl = await postgresUrl();
  const bridges: BridgeProcess[] = [];
  for (const GATEWAY_ID of ['bridge-1', 'bridge-2']) {
    const env = { PUBLIC_URL: publicUrl, REDIS_URL: redis.url, GATEWAY_ID, UNREADY_MS: '3000' };
    bridges.push(stack.use(await startBridge({ database: 'postgres', databaseUrl, env })));
  }
  stack.use(await startHaproxy(port, bridges));

  const alices = await signIn({ publicUrl }, { login: 'alice', ...app });
  const bobs = await signIn({ publicUrl }, { login: 'bob', ...app });
  const open = async (token: Tokens, resume?: { epoch: string; after: number }) => {
    const client = await BridgeClient.connect(publicUrl);
    const { mailbox } = await client.open<{ mailbox: { epoch: string } }>(token, resume);
    return { client, gateway: String(client.hello.gateway), epoch: mailbox.epoch };
  };
  const receivers = [await open(alices), await open(alices)];
  expect(receivers.map(({ gateway }) => gateway).toSorted()).toEqual(['bridge-1', 'bridge-2']);
  const bob = await open(bobs);
  const say = async (from: BridgeClient) => {
    const text = `news ${randomUUID()}`;
    await from.request('message.send', { to: 'alice', text, clientId: randomUUID() });
    return text;
  };
  const hears = (client: BridgeClient, text: string) =>
    client.waitFor(({ data }) => (data as { message?: { text: string } }).message?.text === text);
  const first = await say(bob.client);
  await Promise.all(receivers.map(({ client }) => hears(client, first)));

  // The one that bob is not on is stopped; all the while somebody asks for pages and posts forms.
  const leaving = receivers.find(({ gateway }) => gateway !== bob.gateway)!;
  const statuses = new Map<number, number>();
  let asking = true;
  const ask = async () => {
    while (asking) {
      const requests = [
        fetch(`${publicUrl}/`),
        fetch(`${publicUrl}/oidc/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'none' }) }),
      ];
      for (const { status } of await Promise.all(requests)) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const asked = ask();
  const stopped = bridges[leaving.gateway === 'bridge-1' ? 0 : 1]!.stop();
  expect(await leaving.client.closed).toEqual({ code: 4512, reason: 'going_away' });
  const meanwhile = await say(bob.client);
  const back = await open(alices, { epoch: leaving.epoch, after: leaving.client.lastSeq! });
  expect(back.gateway).toBe(bob.gateway);
  await hears(back.client, meanwhile);
  expect([...leaving.client.problems, ...back.client.problems]).toEqual([]);
  expect(await stopped).toBe(0);
  await say(bob.client);
  asking = false;
  await asked;
  expect([...statuses.keys()].toSorted()).toEqual([200, 400]);
  for (const { client } of [back, bob]) await client.close();
});
