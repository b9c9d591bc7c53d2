import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Database } from './database.js';

/** Another process on the directory: it takes the same lock on the same file. */
const holding = `
  import { DatabaseSync } from 'node:sqlite';
  const lock = new DatabaseSync(process.env.DATA_DIR + '/lock');
  lock.exec('begin exclusive');
  console.log('held');
  setInterval(() => lock, 1000);
`;

describe('The embedded database', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'drawbridge-data-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  test('keeps its data, refuses a second opening, and takes over the lock of a process killed with -9', async () => {
    const holder = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', holding],
      {
        env: { ...process.env, DATA_DIR: dataDir },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(holder.stdout, 'data');
    await expect(Database.open({ dataDir })).rejects.toMatchObject({ code: 'data_dir_in_use' });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    {
      await using database = await Database.open({ dataDir });
      await sql`create table kept (n bigint, at timestamptz)`.execute(database.tables());
      await sql`insert into kept values (${42}, now())`.execute(database.tables());
      await expect(Database.open({ dataDir })).rejects.toMatchObject({
        code: 'data_dir_in_use',
        message: expect.stringContaining(String(process.pid)),
      });
    }
    await using again = await Database.open({ dataDir });
    const { rows } = await sql<{ n: number; at: Date }>`select n, at from kept`.execute(again.tables());
    expect(rows[0]).toEqual({ n: 42, at: expect.any(Date) });
    expect(await again.identity()).toMatch(/^\d+\/\d+$/);
  });

  test('names the migration that failed, and runs each one once', async () => {
    await using database = await Database.open({ dataDir });
    let runs = 0;
    const good = { up: async () => void runs++ };
    await database.migrate({ '001_good': good });
    await database.migrate({ '001_good': good });
    expect(runs).toBe(1);
    const bad = { up: async () => Promise.reject(new Error('no such luck')) };
    await expect(database.migrate({ '001_good': good, '002_bad': bad })).rejects.toMatchObject({
      code: 'migration_failed',
      message: expect.stringContaining('002_bad'),
    });
  });
});

describe('The one connection of the embedded database', () => {
  test('goes to control first, to commits in the end, and lets timers and sockets run in between (I2, I6)', async () => {
    await using database = await Database.open({});
    const done: string[] = [];
    const run = (name: string, db: ReturnType<Database['tables']>) =>
      sql`select 1`.execute(db).then(() => void done.push(name));
    const general = Array.from({ length: 20 }, (_, n) => run(`general ${n}`, database.tables()));
    const commits = [run('commit', database.commits()), run('another commit', database.commits())];
    const control = [run('control', database.control()), run('more control', database.control())];
    const loop = new Promise<void>((resolve) => setImmediate(resolve)).then(() => void done.push('the event loop'));
    await Promise.all([...general, ...commits, ...control, loop]);
    // After what was under way already, and the turn of the loop behind it.
    expect(done.indexOf('control')).toBeLessThanOrEqual(2);
    expect(done.indexOf('more control')).toBeLessThanOrEqual(3);
    expect(done.indexOf('commit')).toBeLessThanOrEqual(10);
    expect(done.indexOf('another commit')).toBeLessThanOrEqual(15);
    expect(done.indexOf('the event loop')).toBeLessThanOrEqual(3);
    expect(done.filter((name) => name.startsWith('general'))).toEqual(general.map((_, n) => `general ${n}`));
  });

  test('is not taken from a transaction, and goes on after an error', async () => {
    await using database = await Database.open({});
    const db = database.tables();
    await sql`create table counted (n bigint)`.execute(db);
    const seen: number[] = [];
    const look = async () => {
      const { rows } = await sql<{ n: number }>`select count(*) as n from counted`.execute(database.control());
      seen.push(rows[0]!.n);
    };
    const looks: Promise<void>[] = [];
    await db.transaction().execute(async (tx) => {
      for (let n = 0; n < 3; n++) {
        await sql`insert into counted values (1)`.execute(tx);
        looks.push(look());
      }
    });
    await Promise.all(looks);
    expect(seen).toEqual([3, 3, 3]);
    await expect(sql`select nothing`.execute(database.commits())).rejects.toMatchObject({ code: '42703' });
    await look();
    expect(seen.at(-1)).toBe(3);
  });
});

test('A PostgreSQL that cannot be reached is one clear line without the password', async () => {
  const opening = Database.open({ url: 'postgres://bridge:hunter2@127.0.0.1:1/bridge' });
  await expect(opening).rejects.toMatchObject({
    code: 'database_unavailable',
    message: expect.not.stringContaining('hunter2'),
  });
  await expect(opening).rejects.toMatchObject({ message: expect.stringContaining('127.0.0.1:1/bridge') });
});
