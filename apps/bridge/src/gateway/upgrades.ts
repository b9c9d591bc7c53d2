import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { PROTOCOL } from '@drawbridge/protocol';

/** What a refusal advises that another moment may change. */
const RETRY_AFTER_S = 1;

/** Why an upgrade is refused, as an HTTP answer. */
export interface UpgradeRefusal {
  readonly status: 400 | 404 | 429 | 503;
  readonly body: object;
}

/** Undefined when the request may become a WebSocket at `path`. The query is ignored, and no subprotocol means v1. */
export function upgradeRefusal(request: IncomingMessage, path: string, draining: boolean): UpgradeRefusal | undefined {
  const { url = '', headers } = request;
  const query = url.indexOf('?');
  if ((query < 0 ? url : url.slice(0, query)) !== path) return { status: 404, body: { error: 'not_found' } };
  if (draining) return { status: 503, body: { error: 'going_away' } };
  const problem = subprotocolProblem(headers['sec-websocket-protocol']);
  return problem === undefined ? undefined : { status: 400, body: { error: problem, supported: [PROTOCOL] } };
}

/** An HTTP token (RFC 9110 section 5.6.2). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** RFC 6455 section 4.1: the names are tokens, each given once. ws refuses what is not so, but with a page of HTML. */
function subprotocolProblem(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const offered = header.split(',').map((name) => name.trim());
  if (new Set(offered).size < offered.length || !offered.every((name) => TOKEN.test(name))) {
    return 'malformed_subprotocol';
  }
  return offered.includes(PROTOCOL) ? undefined : 'unsupported_subprotocol';
}

export function refuseUpgrade(socket: Duplex, { status, body }: UpgradeRefusal): void {
  const text = JSON.stringify(body);
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  const retry = status === 429 || status === 503 ? `Retry-After: ${RETRY_AFTER_S}\r\n` : '';
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n${retry}Content-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}
