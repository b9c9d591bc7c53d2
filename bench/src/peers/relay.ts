/**
 * A peer of the benchmark: a plain `ws` relay that speaks just enough of the protocol for the same client, and stores,
 * checks and validates nothing. A token is the person's id. With REDIS_URL it publishes each message for its room and
 * delivers what comes back; without, it delivers by itself.
 */
import { Redis } from 'ioredis';
import { type WebSocket, WebSocketServer } from 'ws';
import { makeMessage } from './message.js';
import { Rooms } from './rooms.js';

interface Frame {
  event: string;
  id: string;
  data: { token: string; conversation: string; text: string };
}

interface Hub {
  join(room: string, socket: WebSocket): Promise<void> | void;
  leave(room: string, socket: WebSocket): void;
  publish(room: string, frame: string): unknown;
}

class OwnRooms implements Hub {
  private readonly rooms = new Map<string, Set<WebSocket>>();

  join(room: string, socket: WebSocket): void {
    this.rooms.set(room, (this.rooms.get(room) ?? new Set()).add(socket));
  }

  leave(room: string, socket: WebSocket): void {
    this.rooms.get(room)?.delete(socket);
  }

  publish(room: string, frame: string): void {
    const bytes = Buffer.from(frame);
    for (const socket of this.rooms.get(room) ?? []) socket.send(bytes, { binary: false });
  }
}

const { PORT, REDIS_URL } = process.env;
const hub: Hub = REDIS_URL ? new Rooms(new Redis(REDIS_URL), new Redis(REDIS_URL)) : new OwnRooms();
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(PORT), perMessageDeflate: false });

server.on('connection', (socket) => {
  let person = '';
  const joined = new Set<string>();
  const ok = (id: string, data: unknown) => socket.send(JSON.stringify({ event: 'ok', id, data }));
  socket.send(JSON.stringify({ event: 'hello', data: { protocol: 'drawbridge.v1' } }));
  socket.on('close', () => {
    for (const room of joined) hub.leave(room, socket);
  });
  socket.on('message', async (bytes) => {
    const { event, id, data } = JSON.parse(String(bytes)) as Frame;
    if (event === 'session.open') {
      person = data.token;
      ok(id, { person: { id: person } });
    } else if (event === 'conversation.join') {
      joined.add(data.conversation);
      await hub.join(data.conversation, socket);
      ok(id, {});
    } else if (event === 'message.send') {
      const { conversation, text } = data;
      const message = makeMessage(person, conversation, text);
      ok(id, { message, duplicate: false });
      hub.publish(conversation, JSON.stringify({ event: 'message.created', data: { message } }));
    }
  });
});
server.on('listening', () => process.stdout.write('ready\n'));
process.on('SIGTERM', () => process.exit(0));
