/**
 * A peer of the benchmark: Nest with its stock WsAdapter, as its documentation says: a guard verifies the token before
 * each command, ValidationPipe checks the data, and a message is published to Redis for its room. It stores nothing.
 * The stock adapter gives a handler no frame id, so the reference of a command is in its data.
 */
import 'reflect-metadata';
import { type CanActivate, type ExecutionContext, Injectable, Module, UseGuards, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { WsAdapter } from '@nestjs/platform-ws';
import {
  ConnectedSocket,
  MessageBody,
  type OnGatewayDisconnect,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
} from '@nestjs/websockets';
import { IsString, IsUUID, Length, MaxLength } from 'class-validator';
import { Redis } from 'ioredis';
import type { WebSocket } from 'ws';
import { makeMessage } from './message.js';
import { Rooms } from './rooms.js';

const { PORT, REDIS_URL, TOKEN_SECRET } = process.env;

interface Client extends WebSocket {
  token?: string;
  person: string;
  joined?: Set<string>;
}

class Command {
  @IsString()
  @MaxLength(64)
  ref!: string;
}

class SessionOpen extends Command {
  @IsString()
  token!: string;
}

class ConversationJoin extends Command {
  @IsUUID()
  conversation!: string;
}

class MessageSend extends Command {
  @IsUUID()
  conversation!: string;

  @IsString()
  @Length(1, 4_000)
  text!: string;

  @IsUUID()
  clientId!: string;
}

const validated = () =>
  new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    exceptionFactory: (errors) => new WsException(errors),
  });

@Injectable()
class TokenGuard implements CanActivate {
  constructor(private readonly jwt: JwtService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const client = context.switchToWs().getClient<Client>();
    if (client.token === undefined) throw new WsException('Not signed in.');
    try {
      const { sub } = await this.jwt.verifyAsync<{ sub: string }>(client.token);
      client.person = sub;
      return true;
    } catch {
      throw new WsException('Unauthorized.');
    }
  }
}

@WebSocketGateway({ path: '/bridge' })
class ChatGateway implements OnGatewayDisconnect<Client> {
  constructor(
    private readonly jwt: JwtService,
    private readonly rooms: Rooms,
  ) {}

  handleDisconnect(client: Client): void {
    for (const room of client.joined ?? []) this.rooms.leave(room, client);
  }

  @SubscribeMessage('session.open')
  async open(@ConnectedSocket() client: Client, @MessageBody(validated()) { ref, token }: SessionOpen) {
    const { sub } = await this.jwt.verifyAsync<{ sub: string }>(token).catch(() => {
      throw new WsException('Unauthorized.');
    });
    client.token = token;
    return { event: 'ok', data: { ref, person: { id: sub } } };
  }

  @UseGuards(TokenGuard)
  @SubscribeMessage('conversation.join')
  async join(@ConnectedSocket() client: Client, @MessageBody(validated()) { ref, conversation }: ConversationJoin) {
    client.joined = (client.joined ?? new Set()).add(conversation);
    await this.rooms.join(conversation, client);
    return { event: 'ok', data: { ref } };
  }

  @UseGuards(TokenGuard)
  @SubscribeMessage('message.send')
  async send(@ConnectedSocket() client: Client, @MessageBody(validated()) { ref, conversation, text }: MessageSend) {
    if (!client.joined?.has(conversation)) throw new WsException('Not found.');
    const message = makeMessage(client.person, conversation, text);
    await this.rooms.publish(conversation, JSON.stringify({ event: 'message.created', data: { message } }));
    return { event: 'ok', data: { ref, message, duplicate: false } };
  }
}

@Module({
  imports: [JwtModule.register({ secret: TOKEN_SECRET!, verifyOptions: { algorithms: ['HS256'] } })],
  providers: [
    ChatGateway,
    { provide: Rooms, useFactory: () => new Rooms(new Redis(REDIS_URL!), new Redis(REDIS_URL!)) },
  ],
})
class ChatModule {}

const app = await NestFactory.create(ChatModule, { logger: ['error'] });
app.useWebSocketAdapter(new WsAdapter(app));
await app.listen(Number(PORT), '127.0.0.1');
process.stdout.write('ready\n');
process.on('SIGTERM', () => process.exit(0));
