import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '@drawbridge/database';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { migrations } from '../../../apps/bridge/src/migrations.js';
import { type PostgresServer, startPostgres } from './postgres-server.js';

export const everyDatabase = ['pglite', 'postgres'] as const;
export type DatabaseKind = (typeof everyDatabase)[number];

const TEMPLATE = 'drawbridge_template';

/** A fresh database with every migration, gone when it is disposed of. */
export async function testDatabase(kind: DatabaseKind): Promise<Database> {
  return kind === 'postgres'
    ? Database.open({ url: await postgresUrl(), poolSize: 4 })
    : Database.open({ loadDataDir: await embeddedTemplate() });
}

/** Address of a fresh database with every migration on the run's PostgreSQL server. */
export async function postgresUrl(): Promise<string> {
  const server = await serverUrl();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdministrator(server, async (client) => {
    await client.query('select pg_advisory_lock(1)');
    const { rowCount } = await client.query('select from pg_database where datname = $1', [TEMPLATE]);
    if (rowCount === 0) await makeTemplate(client, server);
    await client.query(`create database ${name} template ${TEMPLATE}`);
  });
  return withDatabase(server, name);
}

/** Address of a database with nothing in it, on the same server. */
export async function emptyPostgresUrl(): Promise<string> {
  const server = await serverUrl();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdministrator(server, async (client) => {
    await client.query(`create database ${name}`);
  });
  return withDatabase(server, name);
}

async function makeTemplate(client: pg.Client, server: string): Promise<void> {
  const making = `${TEMPLATE}_${randomUUID().slice(0, 8)}`;
  await client.query(`create database ${making}`);
  {
    await using database = await Database.open({ url: withDatabase(server, making), poolSize: 2 });
    await database.migrate(migrations);
  }
  await client.query(`alter database ${making} rename to ${TEMPLATE}`);
}

async function asAdministrator(server: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** Fills a directory with a migrated embedded database: a copy takes a tenth of making one. */
export async function fillDataDir(dataDir: string): Promise<void> {
  const template = join(testFolder(), 'embedded-template');
  if (!existsSync(template)) {
    const making = `${template}.${randomUUID()}`;
    {
      await using database = await Database.open({ dataDir: making });
      await database.migrate(migrations);
    }
    try {
      renameSync(making, template);
    } catch {
      // Another worker was faster.
      rmSync(making, { recursive: true, force: true });
    }
  }
  cpSync(template, dataDir, { recursive: true });
}

function testFolder(): string {
  const given = process.env.DRAWBRIDGE_TEST_FOLDER;
  if (given) return given;
  ownFolder ??= mkdtempSync(join(tmpdir(), 'drawbridge-tests-'));
  return ownFolder;
}

let ownFolder: string | undefined;
let ownServer: Promise<PostgresServer> | undefined;

/** The run's server, started by the global setup, or one of this process's own outside Jest (the benchmark). */
async function serverUrl(): Promise<string> {
  const given = process.env.DRAWBRIDGE_TEST_POSTGRES;
  if (given) return given;
  ownServer ??= startPostgres();
  return (await ownServer).url;
}

/** Outside Jest: stops the server that this process started, with its data. */
export async function stopOwnPostgres(): Promise<void> {
  await (await ownServer)?.stop();
  ownServer = undefined;
}

/** A migrated embedded database as a dump: opening one takes a tenth of making one. The first to need it makes it. */
async function embeddedTemplate(): Promise<Blob> {
  const path = join(testFolder(), 'embedded-template.tar');
  if (!existsSync(path)) {
    await using database = await Database.open({ loadDataDir: await smallDatabase() });
    await database.migrate(migrations);
    // Otherwise each copy, when it is opened, would repeat from its log what the migrations did.
    await database.pglite!.exec('checkpoint');
    const dump = await database.pglite!.dumpDataDir('none');
    const making = `${path}.${randomUUID()}`;
    writeFileSync(making, Buffer.from(await dump.arrayBuffer()));
    renameSync(making, path);
  }
  // Read at once: a blob that is backed by the file breaks when another worker puts its own in its place.
  return new Blob([readFileSync(path)]);
}

/** A new embedded database of half the size, because every test copies all of it: its log starts with 1 MB, not 16. */
async function smallDatabase(): Promise<Blob> {
  const made = await PGlite.create({ initDbStartParams: ['--wal-segsize=1'] });
  // Nobody connects to them, or makes a database here.
  await made.exec('update pg_database set datistemplate = false');
  for (const template of ['template0', 'template1']) await made.exec(`drop database ${template}`);
  const dump = await made.dumpDataDir('none');
  await made.close();
  return dump;
}
