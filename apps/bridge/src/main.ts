import 'reflect-metadata';
import { DatabaseError } from '@drawbridge/database';
import { Logger } from '@nestjs/common';
import { Bridge } from './bridge.js';
import { Config, ConfigError } from './config/config.js';
import { Log } from './log/log.js';
import { StartError } from './start-error.js';
import { version } from './version.js';

/** For what is left to do once the connections have been told: requests under way, the lease, the database. */
const STOP_AFTER_DRAIN_MS = 15_000;
/** npm passes a signal on that the terminal has sent already: what comes so soon is the same wish. */
const SAME_SIGNAL_MS = 1_000;

function fail(lines: string): never {
  process.stderr.write(`${lines}\n`);
  process.exit(1);
}

function readConfig(): Config {
  try {
    return Config.read(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    fail(
      [
        'These settings are wrong, so nothing was started:',
        ...error.message.split('\n').map((line) => `  ${line}`),
      ].join('\n'),
    );
  }
}

async function start(config: Config): Promise<Bridge> {
  try {
    return await Bridge.start(config);
  } catch (error) {
    if (error instanceof StartError || error instanceof DatabaseError) fail(error.message);
    fail(`The bridge could not start: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

/** For a person at a terminal. In production the log alone says that it is ready, so that every line is JSON. */
function greet(config: Config): void {
  if (config.production) return;
  const data = config.databaseUrl ? 'PostgreSQL' : `${config.dataDir} (embedded: survives kill -9, not a power cut)`;
  const lines = [
    `Drawbridge is ready at ${config.publicUrl}`,
    `  connected apps  ${config.publicUrl}/connected-apps`,
    `  internal        ${config.internalUrl}`,
    `  console         ${config.internalUrl}/console/`,
    `  data            ${data}`,
    ...(config.signIn ? [`  sign in at      ${config.signIn.issuer}`] : []),
    ...(config.demo && !config.signIn
      ? ['  sign in as      alice, bob, carol or dave, with the password drawbridge']
      : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function sinceMs(from = 0): number {
  return Math.round(performance.now() - from);
}

const config = readConfig();
const logger = new Log({ level: config.logLevel, gateway: config.gatewayId });
Logger.overrideLogger(logger);
const log = new Logger('Bridge');
log.log({ version: version(), node: process.version, roles: [...config.roles], settings: config.given }, 'Starting');
process.on('uncaughtException', (error) => {
  log.fatal({ err: error }, 'An error that nobody expected ends the process');
  process.exit(1);
});
let stoppingSinceMs: number | undefined;
let bridge: Bridge | undefined;

/** A signal while starting ends the process once it has started; a second one ends it at once. */
async function stop(signal: NodeJS.Signals): Promise<void> {
  if (stoppingSinceMs === undefined) {
    stoppingSinceMs = performance.now();
    log.log({ signal }, 'Stopping');
    if (bridge) await end(bridge);
  } else if (performance.now() - stoppingSinceMs > SAME_SIGNAL_MS) {
    process.exit(signal === 'SIGINT' ? 130 : 143);
  }
}

async function end(running: Bridge): Promise<void> {
  const late = () => fail('The bridge could not finish in time what it had accepted.');
  setTimeout(late, config.unreadyMs + config.drainMs + STOP_AFTER_DRAIN_MS).unref();
  let clean = true;
  await running.stop((what, error) => {
    clean = false;
    log.error({ what, err: error }, 'A drain failed');
  });
  log.log({ ms: sinceMs(stoppingSinceMs) }, 'Stopped');
  await logger.lastLines();
  process.exit(clean ? 0 : 1);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, (name) => void stop(name));
bridge = await start(config);
if (stoppingSinceMs !== undefined) await end(bridge);
log.log({ publicUrl: config.publicUrl, internalUrl: config.internalUrl, ms: sinceMs() }, 'Ready');
greet(config);
