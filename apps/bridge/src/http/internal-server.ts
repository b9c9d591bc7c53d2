import { createServer, type Server } from 'node:http';
import express, { type Router } from 'express';
import type { Config } from '../config/config.js';
import type { Lifecycle } from '../lifecycle/lifecycle.js';
import type { Metrics } from '../metrics/metrics.js';
import { serveHealth } from './health.js';
import { closeServer, listen } from './listen.js';
import { sendJson } from './respond.js';

const CLOSE_WITHIN_MS = 1_000;

/** The second listener, for what the public must not reach. It stays open until the process ends, so that `/readyz` can be asked. */
export class InternalServer {
  private readonly server: Server;

  constructor(
    private readonly config: Config,
    lifecycle: Lifecycle,
    metrics: Metrics,
    /** By their paths. */
    apis: Readonly<Record<string, Router>>,
  ) {
    const app = express();
    app.disable('x-powered-by');
    serveHealth(app, lifecycle);
    app.get('/metrics', async (_request, response) => {
      response.setHeader('Content-Type', metrics.contentType);
      response.end(await metrics.text());
    });
    for (const [path, api] of Object.entries(apis)) app.use(path, api);
    app.use((_request, response) => sendJson(response, 404, { code: 'not_found', message: 'There is nothing here.' }));
    this.server = createServer(app);
  }

  /** StartError when the port is taken. */
  listen(): Promise<void> {
    const { internalHost: host, internalPort: port } = this.config;
    return listen(this.server, { host, port, setting: 'INTERNAL_PORT' });
  }

  close(): Promise<void> {
    return closeServer(this.server, CLOSE_WITHIN_MS);
  }
}
