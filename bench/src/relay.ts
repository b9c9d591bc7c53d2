/**
 * The peer of the benchmark: a plain `ws` relay that speaks just enough of the protocol for the same load client, and
 * stores and checks nothing. A token is the person's id; a conversation is the list of its members.
 */
import { randomUUID } from 'node:crypto';
import { type WebSocket, WebSocketServer } from 'ws';

interface Frame {
  event: string;
  id: string;
  data: { token?: string; members?: string[]; conversation?: string; text?: string };
}

const people = new Map<string, WebSocket>();
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.env.PORT), perMessageDeflate: false });

server.on('connection', (socket) => {
  let person = '';
  const ok = (id: string, data: unknown) => socket.send(JSON.stringify({ event: 'ok', id, data }));
  socket.send(JSON.stringify({ event: 'hello', data: { protocol: 'drawbridge.v1' } }));
  socket.on('message', (bytes) => {
    const { event, id, data } = JSON.parse(String(bytes)) as Frame;
    if (event === 'session.open') {
      person = data.token!;
      people.set(person, socket);
      ok(id, { person: { id: person } });
    } else if (event === 'conversation.create') {
      ok(id, { conversation: { id: [person, ...data.members!].join(' ') } });
    } else if (event === 'message.send') {
      const message = {
        id: randomUUID(),
        conversation: data.conversation,
        from: { id: person, name: person },
        kind: 'text',
        text: data.text,
        reactions: [],
        sentAt: new Date().toISOString(),
      };
      const frame = JSON.stringify({ event: 'message.created', data: { message } });
      ok(id, { message, duplicate: false });
      for (const member of data.conversation!.split(' ')) people.get(member)?.send(frame);
    }
  });
});
server.on('listening', () => process.stdout.write('ready\n'));
process.on('SIGTERM', () => process.exit(0));
