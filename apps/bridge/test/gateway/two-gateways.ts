import { Database } from '@drawbridge/database';
import { postgresUrl } from '@drawbridge/testing';
import { GatewayHarness } from './gateway-harness.js';
import { LossyNetwork } from './lossy-network.js';

/** Two processes of the bridge on one PostgreSQL, joined by a network that loses nothing. */
export class TwoGateways implements AsyncDisposable {
  private readonly more: { readonly gateway: GatewayHarness; readonly database: Database; dead: boolean }[] = [];

  private constructor(
    readonly database: Database,
    readonly here: GatewayHarness,
    readonly there: GatewayHarness,
    private readonly url: string,
    private readonly network: LossyNetwork,
    private readonly settings: Record<string, string>,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<TwoGateways> {
    const url = await postgresUrl();
    const database = await Database.open({ url, poolSize: 4 });
    const network = new LossyNetwork(() => 'arrives');
    const start = (name: string) =>
      GatewayHarness.on(database, { ...settings, GATEWAY_ID: name }, false, network.join());
    return new TwoGateways(database, await start('here'), await start('there'), url, network, settings);
  }

  /** One more process, with connections of its own to the database; `die` cuts it off from everything, without a word. */
  async another(name: string): Promise<{ gateway: GatewayHarness; die(): Promise<void> }> {
    const database = await Database.open({ url: this.url, poolSize: 4 });
    const end = this.network.join();
    const gateway = await GatewayHarness.on(database, { ...this.settings, GATEWAY_ID: name }, false, end);
    const one = { gateway, database, dead: false };
    this.more.push(one);
    const die = async () => {
      one.dead = true;
      end.die();
      await database.close();
    };
    return { gateway, die };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { gateway, database, dead } of this.more) {
      await gateway.stop();
      if (!dead) await database.close();
    }
    await this.here.stop();
    await this.there.stop();
    await this.database.close();
  }
}
