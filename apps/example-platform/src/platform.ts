import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Database } from '@drawbridge/database';
import express from 'express';
import { Chat } from './chat.js';
import { Exchange } from './exchange.js';
import { mountIssuer } from './issuer.js';
import { People } from './people.js';
import { migrate, type Tables } from './schema.js';
import { seed } from './seed.js';
import type { Settings } from './settings.js';
import { answerErrors, protect, servePages } from './web.js';
import { receiveWebhooks } from './webhooks.js';

/** The example platform: one process with a store of its own. The bridge may be started before it or after it, or be down. */
export class ExamplePlatform implements AsyncDisposable {
  private constructor(
    private readonly database: Database,
    private readonly server: Server,
    private readonly exchange: Exchange,
    readonly chat: Chat,
  ) {}

  static async start(settings: Settings): Promise<ExamplePlatform> {
    const { log = () => {} } = settings;
    const database = await Database.open({
      url: settings.databaseUrl,
      dataDir: settings.dataDir,
      applicationName: 'commons',
    });
    try {
      await migrate(database);
      const db = database.tables<Tables>();
      const [chat, people] = [new Chat(db), new People(db)];
      await seed(chat, people);
      const app = express();
      protect(app, settings);
      receiveWebhooks(app, chat, settings);
      app.use('/connect', express.urlencoded({ extended: false, limit: '64kb' }));
      await mountIssuer(app, db, people, settings);
      servePages(app, chat, people, settings);
      answerErrors(app, log);
      const server = createServer(app).listen(settings.port, '127.0.0.1');
      await once(server, 'listening');
      const exchange = new Exchange(chat, settings, log);
      exchange.start();
      return new ExamplePlatform(database, server, exchange, chat);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await Promise.all([closed, this.exchange.stop()]);
    await this.database.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
