import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Database } from './database.js';

describe('The embedded database', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'drawbridge-data-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  test('keeps its data, refuses a second opening, and takes over the lock of a process that is gone', async () => {
    writeFileSync(join(dataDir, 'drawbridge.lock'), '999999 12@gone\n');
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

test('A PostgreSQL that cannot be reached is one clear line without the password', async () => {
  const opening = Database.open({ url: 'postgres://bridge:hunter2@127.0.0.1:1/bridge' });
  await expect(opening).rejects.toMatchObject({
    code: 'database_unavailable',
    message: expect.not.stringContaining('hunter2'),
  });
  await expect(opening).rejects.toMatchObject({ message: expect.stringContaining('127.0.0.1:1/bridge') });
});
