import type { Database } from '@drawbridge/database';
import { type DynamicModule, Module } from '@nestjs/common';
import { AuthorityModule } from './authority/authority.module.js';
import type { Config } from './config/config.js';
import { coreModule } from './core.module.js';
import { GatewayModule } from './gateway/gateway.module.js';
import type { Lifecycle } from './lifecycle/lifecycle.js';
import { PagesModule } from './pages/pages.module.js';
import { SiteController } from './pages/site.controller.js';
import { platformModule } from './platform/platform.module.js';

@Module({})
class BridgeModule {}

/** The whole program: what this process does is chosen by its roles. */
export function bridgeModule(config: Config, database: Database, lifecycle: Lifecycle): DynamicModule {
  const parts = [
    ...(config.roles.has('authority') ? [AuthorityModule] : []),
    ...(config.roles.has('gateway') ? [GatewayModule] : []),
    ...(config.roles.has('platform') ? [platformModule(config.roles.has('gateway'))] : []),
  ];
  return {
    module: BridgeModule,
    imports: [coreModule(config, database, lifecycle), PagesModule, ...parts],
    controllers: [SiteController],
  };
}
