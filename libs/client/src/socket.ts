/** As much of a WebSocket as the SDK uses; what browsers and Node 22 have fits, and so does the class of `ws`. */
export interface WebSocketLike {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  // biome-ignore lint/suspicious/noExplicitAny: the events' types differ between browsers, Node and `ws`.
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: any) => void): void;
}

export type WebSocketClass = new (url: string, protocols: string) => WebSocketLike;

export const SUBPROTOCOL = 'drawbridge.v1';

/** The platform's own class. */
export function platformWebSocket(): WebSocketClass {
  const { WebSocket } = globalThis as { WebSocket?: WebSocketClass };
  if (!WebSocket)
    throw new TypeError('There is no WebSocket here: use Node 22 or newer, or give createClient({ webSocket }).');
  return WebSocket;
}
