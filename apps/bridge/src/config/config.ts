import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { validateSync } from 'class-validator';
import { meantSetting } from './misspelt.js';
import {
  isLoopback,
  type LogLevel,
  ROLES,
  type Role,
  SETTINGS,
  type SettingDescription,
  Settings,
} from './settings.js';

export interface SettingProblem {
  readonly name: string;
  /** What is wrong, to be read after the name. */
  readonly problem: string;
  /** A whole setting that would be right, such as `PORT=8080`. */
  readonly example: string;
}

/** Everything that is wrong with the environment, at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly SettingProblem[]) {
    super(problems.map(({ name, problem, example }) => `${name} ${problem} (for example ${example})`).join('\n'));
  }
}

export interface SignInSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The claim of the ID token that is the person's id. */
  readonly claim: string;
}

const MAX_PORT = 65_535;

/** The settings of this process, checked, with their defaults. */
export class Config {
  readonly host: string;
  readonly port: number;
  readonly internalHost: string;
  readonly internalPort: number;
  /** Names under which browsers may open the testers' console, in small letters, beside addresses and localhost. */
  readonly consoleHosts: ReadonlySet<string>;
  /** An origin, without a slash at the end. */
  readonly publicUrl: string;
  readonly internalUrl: string;
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly roles: ReadonlySet<Role>;
  readonly gatewayId: string;
  readonly demo: boolean;
  readonly logLevel: LogLevel;
  readonly adminToken: string | undefined;
  readonly platformToken: string | undefined;
  /** Where the platform is told what partners' apps do; the newest of the secrets first. */
  readonly webhooks: { readonly url: string; readonly secrets: readonly string[] } | undefined;
  /** The platform's own OpenID provider, where people sign in; without it, they do so here. */
  readonly signIn: SignInSettings | undefined;
  readonly keysDir: string | undefined;
  readonly leaseMs: number;
  readonly leaseMarginMs: number;
  readonly accessTokenS: number;
  readonly grantDays: number;
  readonly grantIdleDays: number;
  readonly mailboxDays: number;
  readonly mailboxEntries: number;
  /** Undefined: messages are kept. */
  readonly messageRetentionDays: number | undefined;
  readonly openWithinMs: number;
  readonly heartbeatMs: number;
  readonly presenceOfflineMs: number;
  readonly unreadyMs: number;
  readonly drainMs: number;
  readonly commandsPerS: number;
  readonly sendsPerS: number;
  readonly appSendsPerS: number;
  readonly conversationsPerMin: number;
  readonly contactsPerMin: number;
  readonly pagesPerMin: number;
  readonly opensPerMin: number;
  readonly platformCallsAtOnce: number;
  readonly platformWritesPerS: number;
  readonly production: boolean;
  /** The names of what the environment sets, for the log. */
  readonly given: readonly string[];

  private constructor(settings: Settings, production: boolean) {
    this.production = production;
    this.given = Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    this.host = settings.HOST ?? '127.0.0.1';
    this.port = settings.PORT ?? 8080;
    this.internalHost = settings.INTERNAL_HOST ?? '127.0.0.1';
    this.internalPort = settings.INTERNAL_PORT ?? this.port + 1;
    this.consoleHosts = new Set(settings.CONSOLE_HOSTS?.map((name) => name.toLowerCase()));
    this.publicUrl = settings.PUBLIC_URL ? new URL(settings.PUBLIC_URL).origin : `http://127.0.0.1:${this.port}`;
    this.internalUrl = `http://${reachable(this.internalHost)}:${this.internalPort}`;
    this.dataDir = resolve(settings.DATA_DIR ?? './data');
    this.databaseUrl = settings.DATABASE_URL;
    this.redisUrl = settings.REDIS_URL;
    this.roles = new Set(settings.ROLES ?? ROLES);
    this.gatewayId = settings.GATEWAY_ID ?? defaultGatewayId();
    this.demo = settings.DEMO ?? false;
    this.logLevel = settings.LOG_LEVEL ?? (production ? 'info' : 'warn');
    this.adminToken = settings.ADMIN_TOKEN;
    this.platformToken = settings.PLATFORM_TOKEN;
    this.webhooks = settings.PLATFORM_WEBHOOK_URL
      ? { url: settings.PLATFORM_WEBHOOK_URL, secrets: settings.PLATFORM_WEBHOOK_SECRET ?? [] }
      : undefined;
    this.signIn = signInOf(settings);
    this.keysDir = settings.KEYS_DIR === undefined ? undefined : resolve(settings.KEYS_DIR);
    this.leaseMs = settings.LEASE_MS ?? 3_000;
    this.leaseMarginMs = settings.LEASE_MARGIN_MS ?? 2_000;
    this.accessTokenS = settings.ACCESS_TOKEN_S ?? 300;
    this.grantDays = settings.GRANT_DAYS ?? 90;
    this.grantIdleDays = settings.GRANT_IDLE_DAYS ?? 30;
    this.mailboxDays = settings.MAILBOX_DAYS ?? 30;
    this.mailboxEntries = settings.MAILBOX_ENTRIES ?? 100_000;
    this.messageRetentionDays = settings.MESSAGE_RETENTION_DAYS;
    this.openWithinMs = settings.OPEN_WITHIN_MS ?? 5_000;
    this.heartbeatMs = settings.HEARTBEAT_MS ?? 25_000;
    // 10 s, in which clients that were sent away come back (going_away), and 2 s to connect and open.
    this.presenceOfflineMs = settings.PRESENCE_OFFLINE_MS ?? 12_000;
    this.unreadyMs = settings.UNREADY_MS ?? (production ? 3_000 : 0);
    this.drainMs = settings.DRAIN_MS ?? 10_000;
    this.commandsPerS = settings.COMMANDS_PER_S ?? 100;
    this.sendsPerS = settings.SENDS_PER_S ?? 20;
    this.appSendsPerS = settings.APP_SENDS_PER_S ?? 5_000;
    this.conversationsPerMin = settings.CONVERSATIONS_PER_MIN ?? 60;
    this.contactsPerMin = settings.CONTACTS_PER_MIN ?? 300;
    this.pagesPerMin = settings.PAGES_PER_MIN ?? 1_200;
    this.opensPerMin = settings.OPENS_PER_MIN ?? 300;
    this.platformCallsAtOnce = settings.PLATFORM_CALLS_AT_ONCE ?? 8;
    this.platformWritesPerS = settings.PLATFORM_WRITES_PER_S ?? 20_000;
  }

  /** Throws ConfigError with every problem there is: wrong values, values that do not go together, misspelt names. */
  static read(environment: Readonly<Record<string, string | undefined>>): Config {
    const settings = new Settings();
    for (const { name, reading } of SETTINGS) {
      const text = environment[name]?.trim();
      if (text) Object.assign(settings, { [name]: readSetting(reading, text) });
    }
    const problems = validateSync(settings, { stopAtFirstError: true }).map(({ property, constraints }) =>
      problem(property, Object.values(constraints ?? {})[0] ?? 'is wrong'),
    );
    const config = new Config(problems.length === 0 ? settings : sound(settings, problems), isProduction(environment));
    const all = [...problems, ...config.contradictions(settings, problems), ...misspelt(environment)];
    if (all.length > 0) throw new ConfigError(all);
    return config;
  }

  /** What is right by itself and wrong together. Nothing is said of a setting that is wrong already. */
  private contradictions(settings: Settings, known: readonly SettingProblem[]): SettingProblem[] {
    const problems: SettingProblem[] = [];
    const say = (name: keyof Settings, what: string) => {
      if (!known.some((other) => other.name === name)) problems.push(problem(name, what));
    };
    if (this.internalPort > MAX_PORT) say('INTERNAL_PORT', `must be set where PORT is ${MAX_PORT}`);
    if (this.internalPort === this.port) say('INTERNAL_PORT', 'must be another port than PORT');
    if (this.webhooks && !settings.PLATFORM_WEBHOOK_SECRET) {
      say('PLATFORM_WEBHOOK_SECRET', 'must be set where PLATFORM_WEBHOOK_URL is: the receiver has to know who calls');
    }
    problems.push(...this.signInProblems(settings, known));
    if (!this.production) return problems;
    if (this.webhooks?.url.startsWith('http:') && !isLoopback(new URL(this.webhooks.url).hostname)) {
      say(
        'PLATFORM_WEBHOOK_URL',
        'must be https where NODE_ENV=production: messages would cross the network in the clear',
      );
    }
    if (this.demo) say('DEMO', 'must not be true where NODE_ENV=production: everybody knows the demo password');
    if (!settings.PUBLIC_URL && !isLoopback(this.host)) {
      say('PUBLIC_URL', 'must be set where NODE_ENV=production and HOST is no loopback address');
    }
    for (const name of ['ADMIN_TOKEN', 'PLATFORM_TOKEN'] as const) {
      if ((settings[name]?.length ?? 16) < 16) say(name, 'must be at least 16 characters where NODE_ENV=production');
    }
    return problems;
  }

  /** All three or none, and never a provider that is the bridge itself. */
  private signInProblems(settings: Settings, known: readonly SettingProblem[]): SettingProblem[] {
    const names = ['SIGN_IN_ISSUER', 'SIGN_IN_CLIENT_ID', 'SIGN_IN_CLIENT_SECRET'] as const;
    const wrong = (name: string) => known.some((other) => other.name === name);
    const given = names.filter((name) => settings[name] !== undefined || wrong(name));
    const missing = names.filter((name) => !given.includes(name));
    if (given.length > 0)
      return missing.map((name) => problem(name, `must be set where ${given[0]} is`)).concat(this.issuerProblems());
    if (settings.SIGN_IN_CLAIM === undefined) return [];
    return [
      problem('SIGN_IN_CLAIM', 'is of no use without SIGN_IN_ISSUER, SIGN_IN_CLIENT_ID and SIGN_IN_CLIENT_SECRET'),
    ];
  }

  private issuerProblems(): SettingProblem[] {
    if (!this.signIn) return [];
    const { protocol, hostname, origin } = new URL(this.signIn.issuer);
    if (origin === this.publicUrl) {
      return [problem('SIGN_IN_ISSUER', 'must not be the bridge itself: people would be sent round and round')];
    }
    if (this.production && protocol === 'http:' && !isLoopback(hostname)) {
      return [
        problem(
          'SIGN_IN_ISSUER',
          'must be https where NODE_ENV=production: who signs in would cross the network in the clear',
        ),
      ];
    }
    return [];
  }
}

function signInOf(settings: Settings): SignInSettings | undefined {
  const { SIGN_IN_ISSUER: issuer, SIGN_IN_CLIENT_ID: clientId, SIGN_IN_CLIENT_SECRET: clientSecret } = settings;
  if (!issuer || !clientId || !clientSecret) return undefined;
  return { issuer, clientId, clientSecret, claim: settings.SIGN_IN_CLAIM ?? 'sub' };
}

function isProduction(environment: Readonly<Record<string, string | undefined>>): boolean {
  return environment.NODE_ENV === 'production';
}

function problem(name: string, what: string): SettingProblem {
  return { name, problem: what, example: exampleOf(name) };
}

function exampleOf(name: string): string {
  return `${name}=${SETTINGS.find((setting) => setting.name === name)?.example ?? ''}`;
}

function sound(settings: Settings, problems: readonly SettingProblem[]): Settings {
  const wrong = new Set(problems.map(({ name }) => name));
  return Object.assign(
    new Settings(),
    Object.fromEntries(Object.entries(settings).filter(([name]) => !wrong.has(name))),
  );
}

function readSetting(reading: SettingDescription['reading'], text: string): unknown {
  switch (reading) {
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    case 'flag':
      return text === 'true' || text === 'false' ? text === 'true' : text;
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean);
    case 'text':
      return text;
  }
}

function misspelt(environment: Readonly<Record<string, string | undefined>>): SettingProblem[] {
  const names = SETTINGS.map(({ name }) => name);
  return Object.keys(environment).flatMap((name) => {
    const meant = meantSetting(name, names);
    return meant === undefined
      ? []
      : [{ name, problem: `is no setting; did you mean ${meant}?`, example: exampleOf(meant) }];
  });
}

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** The machine's name, as far as an id allows it. */
function defaultGatewayId(): string {
  return (
    hostname()
      .replace(/[^A-Za-z0-9._-]/g, '-')
      .slice(0, 64) || 'gateway'
  );
}
