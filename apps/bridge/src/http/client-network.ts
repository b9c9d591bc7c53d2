import type { IncomingMessage } from 'node:http';
import { networkOf } from '@drawbridge/people';

/** https ends at a proxy in front of us; its word for the client's address is the last one in X-Forwarded-For. */
export function trustsProxy(publicUrl: string): boolean {
  return publicUrl.startsWith('https:');
}

/** Whom limits count as one: the client's address, or its IPv6 network, as Express's `request.ip` is found. */
export function clientNetwork({ headers, socket }: IncomingMessage, behindProxy: boolean): string {
  const forwarded = behindProxy ? [headers['x-forwarded-for'] ?? []].flat().join(',') : '';
  const last = forwarded.slice(forwarded.lastIndexOf(',') + 1).trim();
  return networkOf(last || (socket.remoteAddress ?? ''));
}
