import type { Redis } from 'ioredis';

interface Socket {
  send(data: Buffer, options: { binary: boolean }): void;
}

/**
 * Rooms over Redis: a gateway subscribes to the rooms that its people are in, a frame is published once for its room,
 * and comes back from Redis as the bytes that go to every socket as they are.
 */
export class Rooms {
  private readonly rooms = new Map<string, Set<Socket>>();

  constructor(
    private readonly publisher: Redis,
    private readonly subscriber: Redis,
  ) {
    subscriber.on('messageBuffer', (channel: Buffer, frame: Buffer) => this.deliver(channel.toString(), frame));
  }

  async join(room: string, socket: Socket): Promise<void> {
    const sockets = this.rooms.get(room);
    if (sockets) {
      sockets.add(socket);
      return;
    }
    this.rooms.set(room, new Set([socket]));
    await this.subscriber.subscribe(room);
  }

  leave(room: string, socket: Socket): void {
    const sockets = this.rooms.get(room);
    if (!sockets?.delete(socket) || sockets.size > 0) return;
    this.rooms.delete(room);
    void this.subscriber.unsubscribe(room);
  }

  publish(room: string, frame: string): Promise<number> {
    return this.publisher.publish(room, frame);
  }

  private deliver(room: string, frame: Buffer): void {
    for (const socket of this.rooms.get(room) ?? []) socket.send(frame, { binary: false });
  }
}
