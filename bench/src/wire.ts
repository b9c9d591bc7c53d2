/** How the one client of the benchmark writes to each server: the same frames, as far as the server's framing allows. */

export interface Frame {
  readonly event: string;
  readonly id?: string;
  readonly data: object;
}

export interface Wire {
  readonly path: string;
  readonly protocols: readonly string[];
  /** The event that the server starts with; then the client signs in. */
  readonly greeting: string | undefined;
  encode(event: string, id: string, data: object): string;
  /** The text that signs in, where that is no command; `signed-in` comes back. */
  signIn?(token: string): string;
  /** Undefined where nobody waits for it; `reply` writes back at once. */
  decode(text: string, reply: (text: string) => void): Frame | undefined;
}

/** The bridge's protocol; the relay speaks it too. */
export const bridgeWire: Wire = {
  path: '/bridge',
  protocols: ['drawbridge.v1'],
  greeting: 'hello',
  encode: (event, id, data) => JSON.stringify({ event, id, data }),
  decode: (text) => JSON.parse(text),
};

/** Stock Nest knows `event` and `data` only: the reference of a command is in its data. */
export const nestWire: Wire = {
  path: '/bridge',
  protocols: [],
  greeting: undefined,
  encode: (event, id, data) => JSON.stringify({ event, data: { ref: id, ...data } }),
  decode: (text) => {
    const { event, data } = JSON.parse(text) as { event: string; data: { ref?: string } };
    return { event: event === 'exception' ? 'error' : event, ...(data.ref ? { id: data.ref } : {}), data };
  },
};

/** Engine.IO 4 and Socket.IO 5 over a WebSocket, with numbered acknowledgements. */
export const socketIoWire: Wire = {
  path: '/socket.io/?EIO=4&transport=websocket',
  protocols: [],
  greeting: 'hello',
  encode: (event, id, data) => `42${id}${JSON.stringify([event, data])}`,
  signIn: (token) => `40${JSON.stringify({ token })}`,
  decode: (text, reply) => {
    const type = text.slice(0, 2);
    if (type === '42') {
      const [event, data] = JSON.parse(text.slice(2)) as [string, object];
      return { event, data };
    }
    if (type === '43') {
      const start = text.indexOf('[');
      const [data] = JSON.parse(text.slice(start)) as [{ error?: string }];
      return { event: data.error ? 'error' : 'ok', id: text.slice(2, start), data };
    }
    if (type === '40') return { event: 'signed-in', data: {} };
    if (type === '44') return { event: 'error', data: {} };
    if (text[0] === '0') return { event: 'hello', data: {} };
    if (text[0] === '2') reply('3');
    return undefined;
  },
};
