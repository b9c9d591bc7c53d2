import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BridgeProcess, postgresUrl, startBridge } from '@drawbridge/testing';
import pg from 'pg';
import { drawbridge } from './command-line.js';

const ADMIN_TOKEN = 'root-token-of-the-tests';
const PLATFORM_TOKEN = 'platform-token-of-the-tests';
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const PARKED = '0b51e9a6-4d25-4b1c-8d5a-1f3a2c5b7d90';

test('drawbridge webhooks lists what is parked and what fails, tells of it after all, and tries the receiver', async () => {
  let status = 200;
  const receiver = createServer((_request, response) => response.writeHead(status).end());
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  const databaseUrl = await postgresUrl();
  const settings = { ADMIN_TOKEN, PLATFORM_TOKEN, PLATFORM_WEBHOOK_URL: url, PLATFORM_WEBHOOK_SECRET: SECRET };
  await using bridge: BridgeProcess = await startBridge({ database: 'postgres', databaseUrl, env: settings });
  const env = { DRAWBRIDGE_ADMIN_URL: bridge.internalUrl, DRAWBRIDGE_TOKEN: ADMIN_TOKEN };
  const done = async (...words: string[]) => {
    const { code, stdout, stderr } = await drawbridge(['webhooks', ...words], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  const database = new pg.Client(databaseUrl);
  await database.connect();
  await database.query(
    `insert into outbox_event (public_id, key, type, subject, attempts, last_error, parked_at)
     values ($1::uuid, 'k', 'message.created', $1::text, 81, 'answered 500', now())`,
    [PARKED],
  );

  const list = await done('list');
  expect(list).toMatch(new RegExp(`^Receiver +${url}\\nWaiting +0\\nFailing +none\\nParked +1\\n`));
  expect(list).toMatch(new RegExp(`${PARKED} +message\\.created +.* 81 +answered 500`));
  expect(await done('replay', '00000000-0000-4000-8000-000000000000')).toBe('No such event is parked.\n');
  expect(await done('replay', '--all')).toBe('1 event will be told again.\n');
  expect(await done('test')).toMatch(/ took it, in /);
  status = 503;
  expect(await drawbridge(['webhooks', 'test'], env)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('answered 503'),
  });
  expect(await drawbridge(['webhooks', 'replay'], env)).toMatchObject({ code: 2 });

  const message = await someMessage(bridge);
  await database.query(`insert into outbox_event (key, type, subject) values ($1, 'message.created', $2)`, [
    message.conversation,
    message.id,
  ]);
  const hasFailed = 'select from outbox_event where attempts > 0';
  while ((await database.query(hasFailed)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  await database.end();
  const failing = await done('list');
  expect(failing).toMatch(/^Failing +1: it answered 503$/m);
  expect(failing).toMatch(
    new RegExp(`message\\.created +conversation ${message.conversation} +\\d+ +\\d{4}-.*answered 503`),
  );
  receiver.close();
});

async function someMessage({ internalUrl }: BridgeProcess): Promise<{ id: string; conversation: string }> {
  const messages = [{ from: 'alice', to: 'bob', text: 'Hello', clientId: randomUUID() }];
  const response = await fetch(`${internalUrl}/platform/v1/messages`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${PLATFORM_TOKEN}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ messages }),
  });
  const { results } = (await response.json()) as { results: { message: { id: string; conversation: string } }[] };
  return results[0]!.message;
}
