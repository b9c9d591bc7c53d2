import { once } from 'node:events';
import { connect } from 'node:net';
import { startBridge } from '@drawbridge/testing';
import { WebSocket } from 'ws';
import { UNOPENED_LIMITS } from '../../src/gateway/unopened.js';
import { GatewayHarness } from './gateway-harness.js';

test('an address has so many WebSockets without a session; those that open, or go, make room for others (I9)', async () => {
  await using bridge = await GatewayHarness.start('postgres', { OPEN_WITHIN_MS: '600000' });
  const token = await bridge.token('alice', await bridge.grant('alice'));
  const url = `${bridge.origin.replace('http', 'ws')}/bridge`;
  const upgrade = (address: string) =>
    new WebSocket(url, 'drawbridge.v1', { headers: { 'x-forwarded-for': address }, perMessageDeflate: false });
  const refused = async (socket: WebSocket) => {
    const [, answer] = await once(
      socket.on('error', () => {}),
      'unexpected-response',
    );
    return [answer.statusCode, answer.headers['retry-after']];
  };
  const all: WebSocket[] = [];
  while (all.length < UNOPENED_LIMITS.perAddress) {
    const some = Array.from({ length: 50 }, () => upgrade('192.0.2.1'));
    all.push(...some);
    await Promise.all(some.map((socket) => once(socket, 'open')));
  }
  expect(await refused(upgrade('192.0.2.1'))).toEqual([429, '1']);
  const elsewhere = upgrade('192.0.2.2');
  await once(elsewhere, 'open');
  const [opens, goes] = all as [WebSocket, WebSocket];
  opens.send(JSON.stringify({ event: 'session.open', id: '1', data: { token, client: { name: 'x', version: '1' } } }));
  await new Promise<void>((resolve) => {
    opens.on('message', (frame) => String(frame).includes('"ok"') && resolve());
  });
  const first = upgrade('192.0.2.1');
  await once(first, 'open');
  expect(await refused(upgrade('192.0.2.1'))).toEqual([429, '1']);
  goes.close();
  await once(goes, 'close');
  const second = upgrade('192.0.2.1');
  await once(second, 'open');
  for (const socket of [...all, elsewhere, first, second]) socket.terminate();
});

test('a client that does not finish its request is answered 408 within seconds (I9)', async () => {
  await using bridge = await startBridge({ database: 'postgres' });
  const { hostname, port } = new URL(bridge.ownUrl);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const since = performance.now();
  socket.write('GET /bridge HTTP/1.1\r\nHost: x\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(String(answer)).toMatch(/^HTTP\/1\.1 408 /);
  expect(performance.now() - since).toBeLessThan(15_000);
  socket.destroy();
});
