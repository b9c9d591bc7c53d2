import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Connections } from './connections.js';

/**
 * A drain that an operator asked for: as on SIGTERM `/readyz` says no first, and balancers look away; then the
 * connections are sent away and no new ones taken. The process goes on, and takes connections again when it is started
 * anew.
 */
@Injectable()
export class RequestedDrain {
  private readonly log = new Logger('Gateway');
  private asked = false;
  /** `/readyz` is to say so. */
  onAsked: () => void = () => {};

  constructor(
    private readonly config: Config,
    private readonly connections: Connections,
  ) {}

  get isAsked(): boolean {
    return this.asked;
  }

  /** Told with each renewal of the lease, where the request is. */
  request(by: string): void {
    if (this.asked) return;
    this.asked = true;
    this.onAsked();
    const { unreadyMs, drainMs } = this.config;
    this.log.warn({ by, unreadyMs, drainMs }, 'An operator asked to drain this gateway');
    setTimeout(() => {
      this.connections
        .drain(drainMs)
        .catch((error: unknown) => this.log.error({ err: error }, 'The drain that an operator asked for failed'));
    }, unreadyMs).unref();
  }
}
