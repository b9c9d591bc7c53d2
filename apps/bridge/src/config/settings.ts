import { redisTarget } from '@drawbridge/bus';
import { COMMIT_TIMEOUT_MS } from '@drawbridge/database';
import { MIN_RETENTION_DAYS } from '@drawbridge/messaging';
import {
  ArrayNotEmpty,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  Matches,
  Max,
  Min,
  ValidateBy,
  type ValidationOptions,
} from 'class-validator';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const ROLES = ['gateway', 'authority', 'platform', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** How the text of the environment is read before it is checked. What cannot be read stays text, and fails the check. */
type Reading = 'text' | 'number' | 'flag' | 'list';

export interface SettingDescription {
  readonly name: string;
  readonly reading: Reading;
  /** A value that would be right, shown beside a problem. */
  readonly example: string;
}

/** Every setting there is, in the order of the declarations below. */
export const SETTINGS: SettingDescription[] = [];

/** All settings are optional: what is not in the environment has a default in `Config`. */
function Setting(reading: Reading, example: string): PropertyDecorator {
  return (target, property) => {
    SETTINGS.push({ name: String(property), reading, example });
    IsOptional()(target, property);
  };
}

function WholeNumber(min: number, max: number, what: string): PropertyDecorator {
  const options = { message: `must be ${what} from ${min} to ${max}` };
  return (target, property) => {
    for (const rule of [IsInt(options), Min(min, options), Max(max, options)]) rule(target, property);
  };
}

function Days(max: number): PropertyDecorator {
  const options = { message: `must be a number of days, more than 0 and at most ${max}` };
  return (target, property) => {
    for (const rule of [IsNumber({}, options), Min(1e-6, options), Max(max, options)]) rule(target, property);
  };
}

/** `problemOf` says what is wrong with a text, or nothing. */
function Fits(name: string, problemOf: (value: string) => string | undefined): PropertyDecorator {
  const validate = (value: unknown) => typeof value === 'string' && problemOf(value) === undefined;
  const options: ValidationOptions = { message: ({ value }) => problemOf(String(value)) ?? 'must be a text' };
  return ValidateBy({ name, validator: { validate } }, options);
}

const HOST_SHAPE = /^([A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|[0-9A-Fa-f:.]+)$/;
const A_PORT = 'a port number';
const A_COUNT = 'a whole number';
const A_TIME = 'a whole number of milliseconds';
const A_TOKEN = { message: 'must be at least 8 visible characters without a space' };

/** What comes from the environment, under its own names. */
export class Settings {
  @WholeNumber(1, 65_535, A_PORT)
  @Setting('number', '8080')
  PORT?: number;

  @Matches(HOST_SHAPE, { message: 'must be an address or a host name to listen on' })
  @Setting('text', '127.0.0.1')
  HOST?: string;

  @WholeNumber(1, 65_535, A_PORT)
  @Setting('number', '8081')
  INTERNAL_PORT?: number;

  @Matches(HOST_SHAPE, { message: 'must be an address or a host name to listen on' })
  @Setting('text', '127.0.0.1')
  INTERNAL_HOST?: string;

  @Matches(HOST_SHAPE, { each: true, message: 'must be a host name, or some with commas between them' })
  @ArrayNotEmpty({ message: 'must hold at least one name' })
  @Setting('list', 'testers.example.com')
  CONSOLE_HOSTS?: string[];

  @Fits('origin', problemOfOrigin)
  @Setting('text', 'https://bridge.example.com')
  PUBLIC_URL?: string;

  @Matches(/^[^\0]+$/, { message: 'must be the path of a directory' })
  @Setting('text', './data')
  DATA_DIR?: string;

  @Fits('postgres', problemOfDatabaseUrl)
  @Setting('text', 'postgres://bridge:secret@db.example.com:5432/bridge')
  DATABASE_URL?: string;

  @Fits('redis', problemOfRedisUrl)
  @Setting('text', 'redis://redis.example.com:6379')
  REDIS_URL?: string;

  @IsIn(ROLES, { each: true, message: `must be a comma-separated list of ${ROLES.join(', ')}` })
  @ArrayNotEmpty({ message: 'must name at least one role' })
  @Setting('list', 'gateway,authority')
  ROLES?: Role[];

  @Matches(/^[A-Za-z0-9._-]{1,64}$/, { message: 'must be 1 to 64 letters, digits, dots, dashes or underscores' })
  @Setting('text', 'gateway-1')
  GATEWAY_ID?: string;

  @IsBoolean({ message: 'must be true or false' })
  @Setting('flag', 'false')
  DEMO?: boolean;

  @IsIn(LOG_LEVELS, { message: `must be one of ${LOG_LEVELS.join(', ')}` })
  @Setting('text', 'info')
  LOG_LEVEL?: LogLevel;

  @Matches(/^[\x21-\x7e]{8,512}$/, A_TOKEN)
  @Setting('text', 'the output of `openssl rand -hex 32`')
  ADMIN_TOKEN?: string;

  @Matches(/^[\x21-\x7e]{8,512}$/, A_TOKEN)
  @Setting('text', 'the output of `openssl rand -hex 32`')
  PLATFORM_TOKEN?: string;

  @Fits('webhook', problemOfWebhookUrl)
  @Setting('text', 'https://platform.example.com/drawbridge')
  PLATFORM_WEBHOOK_URL?: string;

  @Matches(/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/, {
    each: true,
    message: 'must be one secret, or some with commas between them, each of them whsec_ and 24 to 64 bytes in Base64',
  })
  @ArrayNotEmpty({ message: 'must hold at least one secret' })
  @Setting('list', 'the output of `echo whsec_$(openssl rand -base64 32)`')
  PLATFORM_WEBHOOK_SECRET?: string[];

  @Fits('issuer', problemOfIssuer)
  @Setting('text', 'https://accounts.example.com')
  SIGN_IN_ISSUER?: string;

  @Matches(/^[\x20-\x7e]{1,512}$/, { message: 'must be the id that the provider has given the bridge' })
  @Setting('text', 'drawbridge')
  SIGN_IN_CLIENT_ID?: string;

  @Matches(/^[\x20-\x7e]{1,1024}$/, { message: 'must be the secret that the provider has given the bridge' })
  @Setting('text', 'the secret that the provider has given the bridge')
  SIGN_IN_CLIENT_SECRET?: string;

  @Matches(/^[\x21-\x7e]{1,200}$/, { message: 'must be the name of a claim in the ID token' })
  @Setting('text', 'sub')
  SIGN_IN_CLAIM?: string;

  @Matches(/^[^\0]+$/, { message: 'must be the path of a directory' })
  @Setting('text', '/var/lib/drawbridge/keys')
  KEYS_DIR?: string;

  // A send is committed only while the lease lasts longer than a commit may take, and renewals come every 500 ms (I2).
  @WholeNumber(COMMIT_TIMEOUT_MS + 500, 60_000, A_TIME)
  @Setting('number', '3000')
  LEASE_MS?: number;

  // A commit that started with the lease must be over before the margin is (I2).
  @WholeNumber(COMMIT_TIMEOUT_MS + 100, 60_000, A_TIME)
  @Setting('number', '2000')
  LEASE_MARGIN_MS?: number;

  @WholeNumber(1, 86_400, 'a whole number of seconds')
  @Setting('number', '300')
  ACCESS_TOKEN_S?: number;

  @Days(3_650)
  @Setting('number', '90')
  GRANT_DAYS?: number;

  @Days(3_650)
  @Setting('number', '30')
  GRANT_IDLE_DAYS?: number;

  @WholeNumber(1, 3_650, 'a whole number of days')
  @Setting('number', '30')
  MAILBOX_DAYS?: number;

  @WholeNumber(1_000, 100_000_000, 'a whole number of entries')
  @Setting('number', '100000')
  MAILBOX_ENTRIES?: number;

  // A retry is recognised by the message that it stored (I5).
  @WholeNumber(MIN_RETENTION_DAYS, 36_500, 'a whole number of days')
  @Setting('number', '365')
  MESSAGE_RETENTION_DAYS?: number;

  @WholeNumber(50, 600_000, A_TIME)
  @Setting('number', '5000')
  OPEN_WITHIN_MS?: number;

  @WholeNumber(50, 600_000, A_TIME)
  @Setting('number', '25000')
  HEARTBEAT_MS?: number;

  @WholeNumber(0, 600_000, A_TIME)
  @Setting('number', '12000')
  PRESENCE_OFFLINE_MS?: number;

  @WholeNumber(0, 600_000, A_TIME)
  @Setting('number', '3000')
  UNREADY_MS?: number;

  @WholeNumber(0, 3_600_000, A_TIME)
  @Setting('number', '10000')
  DRAIN_MS?: number;

  @WholeNumber(1, 1_000_000, A_COUNT)
  @Setting('number', '100')
  COMMANDS_PER_S?: number;

  @WholeNumber(1, 1_000_000, A_COUNT)
  @Setting('number', '20')
  SENDS_PER_S?: number;

  @WholeNumber(1, 1_000_000, A_COUNT)
  @Setting('number', '5000')
  APP_SENDS_PER_S?: number;

  @WholeNumber(1, 1_000_000, A_COUNT)
  @Setting('number', '60')
  CONVERSATIONS_PER_MIN?: number;

  @WholeNumber(1, 1_000_000, A_COUNT)
  @Setting('number', '300')
  CONTACTS_PER_MIN?: number;

  @WholeNumber(1, 1_000_000, A_COUNT)
  @Setting('number', '1200')
  PAGES_PER_MIN?: number;

  @WholeNumber(1, 1_000_000, A_COUNT)
  @Setting('number', '300')
  OPENS_PER_MIN?: number;

  @WholeNumber(1, 1_000, A_COUNT)
  @Setting('number', '8')
  PLATFORM_CALLS_AT_ONCE?: number;

  @WholeNumber(1, 1_000_000, A_COUNT)
  @Setting('number', '20000')
  PLATFORM_WRITES_PER_S?: number;
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname === '::1' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function problemOfOrigin(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an origin: scheme, host and, where needed, port';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return 'must begin with https:// (or http:// on a loopback address)';
  if (url.username || url.password) return 'must not hold a name or a password';
  if (url.pathname !== '/' || url.search || url.hash) return 'must be an origin, without a path';
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return 'must be https: tokens and passwords would cross the network in the clear';
  }
  return undefined;
}

function problemOfWebhookUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an address';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// or http://';
  if (url.username || url.password) return 'must not hold a name or a password: the signature says who it is from';
  return url.hash ? 'must not have a #' : undefined;
}

function problemOfIssuer(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an address: what the provider calls its issuer';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https://';
  if (url.username || url.password) return 'must not hold a name or a password';
  if (url.search || url.hash) return 'must not have a ? or a #';
  if (url.pathname.includes('/.well-known/')) return 'must be the issuer, without /.well-known/ and what follows';
  return undefined;
}

function problemOfRedisUrl(url: string): string | undefined {
  try {
    redisTarget(url);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function problemOfDatabaseUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an address of PostgreSQL';
  const { protocol, pathname } = new URL(text);
  if (protocol !== 'postgres:' && protocol !== 'postgresql:') return 'must begin with postgres:// or postgresql://';
  if (pathname.length < 2) return 'must name the database, after the host';
  return undefined;
}
