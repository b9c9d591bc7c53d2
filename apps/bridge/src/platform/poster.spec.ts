import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Poster } from './poster.js';

type Answering = (request: IncomingMessage, response: ServerResponse) => void;

/** What never comes is not waited for any longer; a head that comes is there by then on any machine. */
const ANSWER_WITHIN_MS = 1_500;

let server: Server;
let url: string;
let answering: Answering;
let requests = 0;
const connections = new Set<unknown>();
beforeAll(async () => {
  server = createServer((request, response) => {
    requests += 1;
    connections.add(request.socket);
    request.resume().once('end', () => answering(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  requests = 0;
  connections.clear();
});

function poster(answerWithinMs = 30_000): Disposable & Poster {
  const made = new Poster(url, { answerWithinMs, answerBytes: 1_000, idleConnections: 4 });
  return Object.assign(made, { [Symbol.dispose]: () => made.close() });
}

const statusOf = async (made: Poster) => (await made.post('{}', {})).status;

describe('The poster of webhooks', () => {
  test('posts one after the other over one connection, whatever short text is answered', async () => {
    answering = (_, response) => void response.writeHead(200).end('thank you');
    using made = poster();
    for (let n = 0; n < 5; n++) expect(await statusOf(made)).toBe(200);
    expect([requests, connections.size]).toEqual([5, 1]);
  });

  test('posts again at once where the other end hung up on a connection that had been silent', async () => {
    answering = (_, response) => void response.writeHead(204).end();
    using made = poster();
    expect(await statusOf(made)).toBe(204);
    answering = ({ socket }, response) => (requests === 2 ? void socket.destroy() : void response.writeHead(204).end());
    expect(await statusOf(made)).toBe(204);
    expect([requests, connections.size]).toEqual([3, 2]);
  });

  test('and not on one that was new', async () => {
    answering = ({ socket }) => void socket.destroy();
    using made = poster();
    await expect(statusOf(made)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(requests).toBe(1);
  });

  test('waits for an answer so long, and for the rest of one no longer', async () => {
    using made = poster(ANSWER_WITHIN_MS);
    answering = () => {};
    await expect(statusOf(made)).rejects.toMatchObject({ code: 'LATE' });
    answering = (_, response) => void response.writeHead(202).write('and');
    expect(await statusOf(made)).toBe(202);
  });

  test('hangs up on an answer without end, and follows none elsewhere', async () => {
    using made = poster();
    let hungUp: Promise<unknown> | undefined;
    answering = (_, response) => {
      hungUp = once(response, 'close');
      response.writeHead(200).write('x'.repeat(100_000));
    };
    expect(await statusOf(made)).toBe(200);
    await hungUp;
    answering = (_, response) =>
      void response.writeHead(307, { location: `${url}elsewhere`, 'retry-after': '7' }).end();
    expect(await made.post('{}', {})).toEqual({ status: 307, retryAfterMs: 7_000 });
    expect(requests).toBe(2);
  });

  test('takes a change of protocol for no answer', async () => {
    using made = poster();
    answering = ({ socket }) =>
      void socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n');
    await expect(statusOf(made)).rejects.toThrow(/no answer|hang up/);
  });
});
