import type { Database } from '@drawbridge/database';
import { testDatabase } from '@drawbridge/testing';
import { GatewayHarness } from './gateway-harness.js';
import { LossyNetwork } from './lossy-network.js';

/** Two processes of the bridge on one PostgreSQL, joined by a network that loses nothing. */
export class TwoGateways implements AsyncDisposable {
  private constructor(
    readonly database: Database,
    readonly here: GatewayHarness,
    readonly there: GatewayHarness,
  ) {}

  static async start(): Promise<TwoGateways> {
    const database = await testDatabase('postgres');
    const network = new LossyNetwork(() => 'arrives');
    const start = (name: string) => GatewayHarness.on(database, { GATEWAY_ID: name }, false, network.join());
    return new TwoGateways(database, await start('here'), await start('there'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.here.stop();
    await this.there.stop();
    await this.database.close();
  }
}
