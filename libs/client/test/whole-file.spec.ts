import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileOutbox } from '../src/outbox/file.js';
import { createSignIn, fileTokens } from '../src/sign-in/node.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drawbridge-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('Files of the SDK', () => {
  test('a sign-in is forgotten with what a program left of it that died while it wrote, and nothing else is', async () => {
    const storage = fileTokens(join(folder, 'sign-in.json'));
    const signIn = createSignIn({ url: 'https://bridge.test', clientId: 'an-app', scopes: [], storage });
    const kept = { accessToken: 'a', expiresAt: 0, refreshToken: 'r', scopes: [], key: await signIn.newKey() };
    await signIn.keep(kept);
    expect(statSync(join(folder, 'sign-in.json')).mode & 0o077).toBe(0);
    for (const name of ['sign-in.json.1.tmp', 'another.json.1.tmp', 'another.json'])
      writeFileSync(join(folder, name), '');
    await signIn.forget();
    expect(readdirSync(folder).toSorted()).toEqual(['another.json', 'another.json.1.tmp']);
  });

  test('a sign-in is forgotten by whoever used it last, renewed or not, and a later one of another program stays', async () => {
    const path = join(folder, 'sign-in.json');
    const program = () =>
      createSignIn({ url: 'https://bridge.test', clientId: 'an-app', scopes: [], storage: fileTokens(path) });
    const [one, other] = [program(), program()];
    const isKept = () => program().isSignedIn();
    const first = { accessToken: 'a', expiresAt: 0, refreshToken: 'r', scopes: [], key: await one.newKey() };
    await one.keep(first);
    await other.keep({ ...first, accessToken: 'b', key: await other.newKey() });
    await one.forget();
    expect(await isKept()).toBe(true);
    await other.keep({ ...first, accessToken: 'renewed' });
    await one.forget();
    expect(await isKept()).toBe(false);
    await one.keep(first);
    await program().forget();
    expect(await isKept()).toBe(false);
  });

  test('a folder that another program removes is made again: for whoever waits for the lock, and for what is to be sent', async () => {
    const inner = join(folder, 'tunebox');
    const signIn = fileTokens(join(inner, 'sign-in.json'));
    const entered = Promise.withResolvers<void>();
    const leaves = Promise.withResolvers<void>();
    const first = signIn.exclusive(async () => {
      entered.resolve();
      await leaves.promise;
    });
    await entered.promise;
    const second = signIn.exclusive(async () => statSync(inner).mode & 0o777);
    rmSync(inner, { recursive: true });
    leaves.resolve();
    await first;
    expect(await second).toBe(0o700);
    const outbox = fileOutbox(join(inner, 'outbox'));
    expect(await outbox.load()).toEqual([]);
    const localId = crypto.randomUUID();
    const data = { to: 'bob', text: 'x' };
    await outbox.put({ localId, command: 'message.send', data, status: 'queued', order: 1, queuedAt: '' });
    expect(await outbox.load()).toMatchObject([{ localId }]);
    expect(statSync(join(inner, 'outbox')).mode & 0o777).toBe(0o700);
  });

  test('a young draft in an outbox may be of another program that writes, and stays', async () => {
    writeFileSync(join(folder, 'a.json.1.tmp'), '');
    expect(await fileOutbox(folder).load()).toEqual([]);
    expect(readdirSync(folder)).toEqual(['a.json.1.tmp']);
  });

  test('a sign-in that is cut off, or none of ours, is none', async () => {
    const path = join(folder, 'sign-in.json');
    for (const text of ['', '{"accessToken":"a', '{}']) {
      writeFileSync(path, text);
      expect(await fileTokens(path).load()).toBeUndefined();
    }
  });

  test('an entry that is cut off, or of another name, keeps none of the others in the outbox', async () => {
    const entry = { command: 'message.send', data: { to: 'bob', text: 'x' }, status: 'queued', order: 1, queuedAt: '' };
    const ids = Array.from({ length: 5 }, () => crypto.randomUUID());
    const [good, ...bad] = ids as [string, ...string[]];
    const put = (id: string, more: object) =>
      writeFileSync(join(folder, `${id}.json`), JSON.stringify({ ...entry, localId: id, ...more }));
    put(good, {});
    const wrongs = [
      { localId: '../../elsewhere' },
      { data: undefined },
      { order: 'first' },
      { command: 'session.close' },
    ];
    for (const [n, wrong] of wrongs.entries()) put(bad[n]!, wrong);
    writeFileSync(join(folder, `${crypto.randomUUID()}.json`), '{"localId":');
    expect(await fileOutbox(folder).load()).toMatchObject([{ localId: good }]);
  });

  describe('The lock of a sign-in', () => {
    const lock = () => join(folder, 'sign-in.json.lock');
    const storage = () => fileTokens(join(folder, 'sign-in.json'));
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    const old = (holder: string, minutes: number, path = lock()) => {
      writeFileSync(path, holder);
      utimesSync(path, minutesAgo(minutes), minutesAgo(minutes));
    };
    const DEAD = '999999999 somebody';

    test('stays with a program that is still there, however long its machine slept', async () => {
      old(`${process.pid} somebody`, 5);
      let isIn = false;
      const entered = storage().exclusive(async () => {
        isIn = true;
      });
      // The barrier: who began later to wait for a dead one is in.
      const other = join(folder, 'other.json');
      old(DEAD, 5, `${other}.lock`);
      await fileTokens(other).exclusive(async () => {});
      expect(isIn).toBe(false);
      rmSync(lock());
      await entered;
    });

    test.each([
      ['has died', DEAD, 2],
      ['was before this machine was started', String(process.pid), 11],
      ['died before it could write its name', '', 2],
    ])('goes from a program that %s to one of those who wait, one after the other', async (_, holder, minutes) => {
      let inside = 0;
      let most = 0;
      const enter = () =>
        storage().exclusive(async () => {
          most = Math.max(most, ++inside);
          await new Promise((resolve) => setTimeout(resolve, 15));
          inside--;
        });
      for (let round = 0; round < 2; round++) {
        old(holder, minutes);
        await Promise.all(Array.from({ length: 12 }, enter));
      }
      expect(most).toBe(1);
      expect(readdirSync(folder)).toEqual([]);
    });
  });
});
