import { Endings, Grants } from '@drawbridge/consent';
import { Database } from '@drawbridge/database';
import { Partners } from '@drawbridge/partners';
import { Failures, People, PersonSessions, SignIn } from '@drawbridge/people';
import { Injectable, Logger, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../config/config.js';
import { PagesModule } from '../pages/pages.module.js';
import { Secrets } from '../secrets.js';
import { Authority } from './authority.js';
import { AuthorityTurns } from './authority-turns.js';
import { ConnectedAppsController } from './connected-apps.controller.js';
import { ConnectedAppsSession } from './connected-apps-session.js';
import { DeviceController } from './device.controller.js';
import { DeviceBrowsers } from './device-browsers.js';
import { DeviceCodes } from './device-codes.js';
import { DeviceGuesses } from './device-guesses.js';
import { Erasing } from './erasing.js';
import { IssuerController } from './issuer.controller.js';
import { Issuer } from './issuer.js';
import { IssuerBrowsers } from './issuer-browsers.js';
import { IssuerSignIns } from './issuer-sign-ins.js';
import { KnownBrowsers } from './known-browser.js';
import { OidcArtifacts } from './oidc-artifacts.js';
import { bridgeResource, makeProvider } from './provider.js';
import { RecordController } from './record.controller.js';
import { SignInController } from './sign-in.controller.js';
import { SignInCookies } from './sign-in-cookies.js';
import { SignInSteps } from './sign-in-steps.js';
import { SigningKeys } from './signing-keys.js';
import { Usages } from './usages.js';

const SWEEP_EVERY_MS = 60_000;

/** Removes what oidc-provider kept for too long, or for grants that ended elsewhere, and sign-ins nobody came back from. */
@Injectable()
class ArtifactSweep implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private readonly log = new Logger('Authority');

  constructor(
    private readonly artifacts: OidcArtifacts,
    private readonly signIns: IssuerSignIns,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running = this.artifacts
        .sweep()
        .then(() => this.signIns.sweep())
        .catch((error: unknown) => this.log.warn({ err: error }, 'The sweep of artifacts failed'));
    }, SWEEP_EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }
}

/**
 * Sign-in, consent, tokens and Connected apps. It takes Config, Database (migrated), Secrets, Grants and
 * Endings from the application; `mountAuthority` puts oidc-provider onto the server before `init()`.
 */
@Module({
  imports: [PagesModule],
  // The address that the provider sends people back to comes before the sign-ins' own.
  controllers: [IssuerController, SignInController, DeviceController, ConnectedAppsController, RecordController],
  providers: [
    { provide: People, useFactory: (database: Database) => new People(database), inject: [Database] },
    { provide: SignIn, useFactory: (database: Database) => new SignIn(database), inject: [Database] },
    { provide: PersonSessions, useFactory: (database: Database) => new PersonSessions(database), inject: [Database] },
    { provide: Partners, useFactory: (database: Database) => new Partners(database), inject: [Database] },
    { provide: Failures, useFactory: (database: Database) => new Failures(database), inject: [Database] },
    { provide: DeviceCodes, useFactory: (database: Database) => new DeviceCodes(database), inject: [Database] },
    { provide: OidcArtifacts, useFactory: (database: Database) => new OidcArtifacts(database), inject: [Database] },
    {
      provide: SigningKeys,
      useFactory: (database: Database, config: Config) => SigningKeys.load(database, config.keysDir),
      inject: [Database, Config],
    },
    {
      provide: Authority,
      useFactory: (
        config: Config,
        people: People,
        partners: Partners,
        grants: Grants,
        endings: Endings,
        artifacts: OidcArtifacts,
        deviceCodes: DeviceCodes,
        cookies: SignInCookies,
        secrets: Secrets,
        keys: SigningKeys,
      ) =>
        new Authority(
          makeProvider({ config, people, partners, grants, endings, artifacts, deviceCodes, cookies, secrets, keys }),
          bridgeResource(config),
        ),
      inject: [
        Config,
        People,
        Partners,
        Grants,
        Endings,
        OidcArtifacts,
        DeviceCodes,
        SignInCookies,
        Secrets,
        SigningKeys,
      ],
    },
    {
      provide: IssuerSignIns,
      useFactory: (database: Database, secrets: Secrets) => new IssuerSignIns(database, secrets),
      inject: [Database, Secrets],
    },
    AuthorityTurns,
    Issuer,
    IssuerBrowsers,
    ConnectedAppsSession,
    KnownBrowsers,
    SignInCookies,
    SignInSteps,
    DeviceBrowsers,
    DeviceGuesses,
    Usages,
    Erasing,
    ArtifactSweep,
  ],
  exports: [Authority, Erasing, SigningKeys, OidcArtifacts, People, SignIn, PersonSessions, Partners],
})
export class AuthorityModule {}
