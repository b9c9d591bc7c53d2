/**
 * A peer of the benchmark: Socket.IO with its Redis adapter, as its documentation says: the token is checked in a
 * middleware at the handshake, a conversation is a room, the first HTTP request is given up to save memory. It stores
 * nothing.
 */
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { jwtVerify } from 'jose';
import { Server } from 'socket.io';
import { makeMessage } from './message.js';

interface Send {
  conversation: string;
  text: string;
  clientId: string;
}

type Acknowledge = (data: object) => void;

const { PORT, REDIS_URL, TOKEN_SECRET } = process.env;
const secret = new TextEncoder().encode(TOKEN_SECRET);
const publisher = new Redis(REDIS_URL!);
const http = createServer();
const io = new Server(http, {
  adapter: createAdapter(publisher, publisher.duplicate()),
  transports: ['websocket'],
  serveClient: false,
});

io.engine.on('connection', (connection: { request: unknown }) => {
  connection.request = null;
});

io.use((socket, next) => {
  jwtVerify(String(socket.handshake.auth.token), secret, { algorithms: ['HS256'] }).then(
    ({ payload }) => {
      socket.data.person = payload.sub;
      next();
    },
    () => next(new Error('unauthenticated')),
  );
});

io.on('connection', (socket) => {
  const person: string = socket.data.person;
  socket.on('conversation.join', async ({ conversation }: { conversation: string }, acknowledge: Acknowledge) => {
    await socket.join(conversation);
    acknowledge({});
  });
  socket.on('message.send', (data: Send, acknowledge: Acknowledge) => {
    if (!isSend(data) || !socket.rooms.has(data.conversation)) return acknowledge({ error: 'invalid_data' });
    const { conversation, text } = data;
    const message = makeMessage(person, conversation, text);
    acknowledge({ message, duplicate: false });
    io.to(conversation).emit('message.created', { message });
  });
});

function isSend({ conversation, text, clientId }: Send): boolean {
  return (
    typeof conversation === 'string' && typeof clientId === 'string' && typeof text === 'string' && text.length <= 4_000
  );
}

http.listen(Number(PORT), '127.0.0.1', () => process.stdout.write('ready\n'));
process.on('SIGTERM', () => process.exit(0));
