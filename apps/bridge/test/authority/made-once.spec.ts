import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '@drawbridge/database';
import { everyDatabase, postgresUrl, testDatabase } from '@drawbridge/testing';
import { SigningKeys } from '../../src/authority/signing-keys.js';
import { Secrets } from '../../src/secrets.js';

describe('Signing keys and secrets', () => {
  test.each(everyDatabase)('are made once and kept, on %s', async (kind) => {
    await using database = await testDatabase(kind);
    const [first, again] = [await SigningKeys.load(database), await SigningKeys.load(database)];
    expect(again.publicKeys()).toEqual(first.publicKeys());
    expect(first.publicKeys()).toEqual([
      {
        kty: 'EC',
        crv: 'P-256',
        x: expect.any(String),
        y: expect.any(String),
        kid: expect.any(String),
        alg: 'ES256',
        use: 'sig',
      },
    ]);
    const [a, b] = [await Secrets.load(database), await Secrets.load(database)];
    expect(a.key('x')).toEqual(b.key('x'));
    expect(a.key('x')).not.toEqual(a.key('y'));
  });

  test('are the same for processes that start together on an empty PostgreSQL database', async () => {
    const url = await postgresUrl();
    const databases = await Promise.all(Array.from({ length: 6 }, () => Database.open({ url, poolSize: 1 })));
    const keys = await Promise.all(databases.map((database) => SigningKeys.load(database)));
    const secrets = await Promise.all(databases.map((database) => Secrets.load(database)));
    expect(new Set(keys.map((each) => JSON.stringify(each.publicKeys()))).size).toBe(1);
    expect(new Set(secrets.map((each) => each.formToken('x'))).size).toBe(1);
    await Promise.all(databases.map((database) => database.close()));
  });

  test('live in KEYS_DIR when that is set, in one file that only its owner may read', async () => {
    await using database = await testDatabase('pglite');
    const folder = await mkdtemp(join(tmpdir(), 'drawbridge-keys-'));
    const dir = join(folder, 'keys');
    const keys = await Promise.all(Array.from({ length: 6 }, () => SigningKeys.load(database, dir)));
    expect(new Set(keys.map((each) => JSON.stringify(each.publicKeys()))).size).toBe(1);
    expect(await readdir(dir)).toEqual(['signing-keys.json']);
    expect((await stat(join(dir, 'signing-keys.json'))).mode & 0o777).toBe(0o600);
    await rm(folder, { recursive: true });
  });
  test('that cannot be kept in KEYS_DIR keep the program from starting, with one line that says why', async () => {
    await using database = await testDatabase('pglite');
    const folder = await mkdtemp(join(tmpdir(), 'drawbridge-keys-'));
    await writeFile(join(folder, 'signing-keys.json'), '{"keys":[]}');
    const problems = { '/proc/nope': /ENOENT/, '/sys/nope': /E(PERM|ROFS|ACCES)/, [folder]: /no private ES256 keys/ };
    for (const [dir, why] of Object.entries(problems)) {
      const error: unknown = await SigningKeys.load(database, dir).catch((refused) => refused);
      expect(error).toMatchObject({ name: 'StartError', message: expect.stringMatching(why) });
    }
    await rm(folder, { recursive: true });
  });
});
