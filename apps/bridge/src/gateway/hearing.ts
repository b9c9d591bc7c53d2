import { Logger } from '@nestjs/common';

const LOOK_EVERY_MS = 2_000;
/** Looks in a row before it is logged: one that starts is not heard yet, and the row of one that was killed stays for a while. */
const LOOKS_TO_WARN = 5;

export interface HearingSources {
  /** The lease rows of all gateways. */
  gateways(): Promise<string[]>;
  /** This gateway's. */
  own(): string;
  /** What those say that can be heard on the bus. */
  heard(): ReadonlySet<string>;
}

/**
 * Whether every gateway that holds a lease can be heard on the bus. One that cannot, because the bus is down or there
 * is none, commits without a hint to this one: then mailboxes are compared with the store more often (I4, I7).
 */
export class Hearing {
  hearsAll = true;
  private readonly log = new Logger('Hearing');
  private unheard = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly sources: HearingSources) {}

  start(): void {
    void this.look();
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    try {
      const gateways = await this.sources.gateways();
      const [own, heard] = [this.sources.own(), this.sources.heard()];
      const hearsAll = gateways.every((gateway) => gateway === own || heard.has(gateway));
      if (hearsAll && this.unheard >= LOOKS_TO_WARN) this.log.log('All gateways are heard again');
      this.unheard = hearsAll ? 0 : this.unheard + 1;
      if (this.unheard === LOOKS_TO_WARN) this.log.warn('A gateway is not heard on the bus: its events take up to 5 s');
      this.hearsAll = hearsAll;
    } catch {
      // Without the store there is nothing to compare with; the lease says so.
    }
  }
}
