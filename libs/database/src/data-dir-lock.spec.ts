import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from './database.js';

describe('A data directory', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'drawbridge-data-'));
    writeFileSync(join(folder, 'file'), '');
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // What is below /proc and /sys cannot be written by root either.
  test.each([
    ['below /proc', () => '/proc/nope', /cannot be made: ENOENT/],
    ['deep below /proc', () => '/proc/nope/deep/data', /cannot be made: ENOENT/],
    ['/proc itself', () => '/proc', /cannot be locked: (ENOENT|EACCES)/],
    ['below /sys', () => '/sys/nope', /cannot be made: E(PERM|ROFS|ACCES)/],
    ['/sys itself', () => '/sys', /cannot be locked: E(PERM|ROFS|ACCES)/],
    ['a file', () => join(folder, 'file'), /cannot be made: .*file is not a directory/],
    ['below a file', () => join(folder, 'file', 'data'), /cannot be made: ENOTDIR/],
    ['a link to nowhere', () => join(folder, 'link'), /cannot be made: ENOENT/],
    ['a name too long', () => join(folder, 'x'.repeat(300)), /cannot be made: ENAMETOOLONG/],
    ['a path too long', () => join(folder, ...Array(1_000).fill('deep')), /cannot be made: ENAMETOOLONG/],
  ])('that cannot be used (%s) is refused at once, in one line that says why', async (_, dataDir, why) => {
    const error: unknown = await Database.open({ dataDir: dataDir() }).catch((refused) => refused);
    expect(error).toMatchObject({ code: 'database_unavailable', message: expect.stringMatching(why) });
    const oneLine = /^The data directory .{1,600} Set DATA_DIR to a directory that can be written to\.$/;
    expect((error as Error).message).toMatch(oneLine);
  });

  test('that is missing is made with its parents, also by two that start together', async () => {
    const dataDir = join(folder, 'some', 'where', 'data');
    const opened = await Promise.allSettled([Database.open({ dataDir }), Database.open({ dataDir })]);
    expect(opened.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    for (const one of opened) {
      if (one.status === 'fulfilled') await one.value.close();
      else expect(one.reason).toMatchObject({ code: 'data_dir_in_use' });
    }
  });
});
