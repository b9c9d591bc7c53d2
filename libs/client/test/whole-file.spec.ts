import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

  test('a young draft in an outbox may be of another program that writes, and stays', async () => {
    writeFileSync(join(folder, 'a.json.1.tmp'), '');
    expect(await fileOutbox(folder).load()).toEqual([]);
    expect(readdirSync(folder)).toEqual(['a.json.1.tmp']);
  });
});
