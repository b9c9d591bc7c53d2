import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { clientNetwork, trustsProxy } from '../http/client-network.js';
import type { UpgradeRefusal } from './upgrades.js';

/** WebSockets without an open session: anybody can have one, for as long as OPEN_WITHIN_MS (I9). */
export const UNOPENED_LIMITS = {
  perProcess: 10_000,
  /** A whole office may have one address, and come back at once after a restart. */
  perAddress: 1_000,
} as const;

/** Counts them, in this process and by the address they come from. */
@Injectable()
export class Unopened {
  private readonly networks = new Map<Duplex, string>();
  private readonly counts = new Map<string, number>();
  private readonly behindProxy: boolean;

  constructor(config: Config) {
    this.behindProxy = trustsProxy(config.publicUrl);
  }

  /** Why the upgrade of this request is one too many. */
  refusal(request: IncomingMessage): UpgradeRefusal | undefined {
    const { perProcess, perAddress } = UNOPENED_LIMITS;
    const ofAddress = this.counts.get(clientNetwork(request, this.behindProxy)) ?? 0;
    if (ofAddress >= perAddress) return { status: 429, body: { error: 'rate_limited' } };
    return this.networks.size >= perProcess ? { status: 503, body: { error: 'unavailable' } } : undefined;
  }

  entered(request: IncomingMessage): void {
    const network = clientNetwork(request, this.behindProxy);
    this.networks.set(request.socket, network);
    this.counts.set(network, (this.counts.get(network) ?? 0) + 1);
  }

  /** Its session is open, or it is closed; of both, the first counts. */
  left(socket: Duplex): void {
    const network = this.networks.get(socket);
    if (network === undefined) return;
    this.networks.delete(socket);
    const others = this.counts.get(network)! - 1;
    if (others > 0) this.counts.set(network, others);
    else this.counts.delete(network);
  }
}
