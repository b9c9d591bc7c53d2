import type { Server } from 'node:http';
import type { Bus } from '@drawbridge/bus';
import { Endings } from '@drawbridge/consent';
import { Database } from '@drawbridge/database';
import { type INestApplication, Logger } from '@nestjs/common';
import { sql } from 'kysely';
import { ADMIN_PATH, adminApi } from './admin/admin-api.js';
import { BUS } from './bus.js';
import type { Config } from './config/config.js';
import { refuseDemoPeople, seedDemo } from './demo/demo.js';
import { CONSOLE_PATH, consolePage } from './http/console.js';
import { InternalServer } from './http/internal-server.js';
import { checkFree, closeServer } from './http/listen.js';
import { listenPublicly, makePublicApp } from './http/public-app.js';
import { Lifecycle } from './lifecycle/lifecycle.js';
import { Metrics } from './metrics/metrics.js';
import { migrations } from './migrations.js';
import { PLATFORM_PATH, platformApi } from './platform/platform-api.js';
import { PlatformParts } from './platform/platform-parts.js';

const ANSWER_WITHIN_MS = 10_000;

/** The running program of one process. */
export class Bridge {
  private constructor(
    private readonly app: INestApplication,
    private readonly internal: InternalServer,
    private readonly database: Database,
    private readonly bus: Bus,
    private readonly lifecycle: Lifecycle,
    private readonly unreadyMs: number,
  ) {}

  /**
   * Opens and migrates the database, makes everything and listens. What the operator can mend comes as a
   * DatabaseError or StartError with one clear line; whatever was opened before is closed again.
   */
  static async start(config: Config): Promise<Bridge> {
    await checkFree({ host: config.host, port: config.port, setting: 'PORT' });
    await checkFree({ host: config.internalHost, port: config.internalPort, setting: 'INTERNAL_PORT' });
    const opened: (() => Promise<void>)[] = [];
    try {
      const database = await Database.open({ url: config.databaseUrl, dataDir: config.dataDir });
      opened.unshift(() => database.close());
      await database.migrate(migrations);
      new Logger('Bridge').log({ kind: database.kind, version: await versionOf(database) }, 'The database is open');
      if (config.production) await refuseDemoPeople(database);
      if (config.demo) await seedDemo(database, config);
      const lifecycle = new Lifecycle();
      const app = await makePublicApp(config, database, lifecycle);
      const bus = app.get<Bus>(BUS);
      opened.unshift(async () => {
        await app.close();
        await bus.close();
      });
      const refused = app.get(Metrics).apiRefusals();
      const admin = adminApi(database, app.get(Endings), config, () => refused('operators', 'tokens'));
      const mounted = {
        [CONSOLE_PATH]: consolePage(config),
        ...(config.roles.has('admin') ? { [ADMIN_PATH]: admin } : {}),
        ...(config.roles.has('platform')
          ? { [PLATFORM_PATH]: platformApi(app.get(PlatformParts), config, (limit) => refused('platform', limit)) }
          : {}),
      };
      const internal = new InternalServer(config, lifecycle, app.get(Metrics), mounted);
      opened.unshift(() => internal.close());
      await internal.listen();
      await listenPublicly(app, config);
      lifecycle.started();
      return new Bridge(app, internal, database, bus, lifecycle, config.unreadyMs);
    } catch (error) {
      for (const close of opened) await close().catch(() => {});
      throw error;
    }
  }

  /**
   * The end, in an order that loses nothing: `/readyz` says 503, and balancers look away; new requests are refused,
   * clients are told, what was accepted is finished, and their connections are closed; then the listeners, the lease
   * and the database.
   */
  async stop(onProblem: (what: string, error: unknown) => void): Promise<void> {
    await this.lifecycle.leave(this.unreadyMs);
    await this.lifecycle.drain(onProblem);
    await closeServer(this.app.getHttpServer() as Server, ANSWER_WITHIN_MS);
    await this.app.close();
    await this.bus.close();
    await this.internal.close();
    await this.database.close();
  }
}

async function versionOf(database: Database): Promise<string | undefined> {
  const { rows } = await sql<{ server_version: string }>`show server_version`.execute(database.tables());
  return rows[0]?.server_version;
}
