import { Endings } from '@drawbridge/consent';
import { Database } from '@drawbridge/database';
import { PartnerLife } from '@drawbridge/partners';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../config/config.js';

const SWEEP_EVERY_MS = 2_000;

/**
 * Partners that time comes to: one whose review is overdue is suspended, one whose planned end has come is ended. In
 * every process with the authority's role, and any number of them may do the same at once: the second finds it done.
 */
@Injectable()
export class PartnerSweep implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger('Partners');
  private readonly life: PartnerLife;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly config: Config,
    private readonly endings: Endings,
    database: Database,
  ) {
    this.life = new PartnerLife(database);
  }

  onApplicationBootstrap(): void {
    if (this.config.roles.has('authority')) this.round();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private round(): void {
    this.running = this.sweep()
      .catch((error: unknown) => {
        if (!this.stopped) this.log.warn({ err: error }, 'The sweep of partners failed');
      })
      .then(() => {
        if (!this.stopped) this.timer = setTimeout(() => this.round(), SWEEP_EVERY_MS).unref();
      });
  }

  private async sweep(): Promise<void> {
    for (const { id, status, note } of await this.life.due()) {
      if (this.stopped) return;
      const receipt = await this.endings.endPartner({ partner: id, status, by: 'bridge', note });
      if (receipt) this.log.warn({ partner: id, note, grants: receipt.grants }, `A partner was ${status}`);
    }
  }
}
