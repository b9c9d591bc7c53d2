import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BridgeProcess, startBridge } from '@drawbridge/testing';
import { drawbridge, PROGRAM } from './command-line.js';

const PLATFORM_TOKEN = 'platform-token-of-the-tests';
const MESSAGES = 6_000;
/** So that an import is still under way when it is killed; and it obeys Retry-After. */
const PLATFORM_WRITES_PER_S = '1500';
const PEOPLE = 20;

let bridge: BridgeProcess;
let folder: string;
let env: Record<string, string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drawbridge-import-'));
  bridge = await startBridge({ database: 'postgres', env: { PLATFORM_TOKEN, DEMO: 'false', PLATFORM_WRITES_PER_S } });
  env = { DRAWBRIDGE_ADMIN_URL: bridge.internalUrl, PLATFORM_TOKEN };
});
afterAll(async () => {
  await bridge?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function get<T>(path: string): Promise<T> {
  const headers = { Authorization: `Bearer ${PLATFORM_TOKEN}` };
  return (await (await fetch(`${bridge.internalUrl}/platform/v1${path}`, { headers })).json()) as T;
}

/** Every text in the bridge, conversation by conversation in its order. */
async function stored(): Promise<string[][]> {
  const { conversations } = await get<{ conversations: { id: string }[] }>('/conversations?limit=500');
  const stored: string[][] = [];
  for (const { id } of conversations) {
    const texts: string[] = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: { messages: { text: string }[]; next?: number } = await get(
        `/conversations/${id}/messages?after=${after}&limit=500`,
      );
      texts.push(...page.messages.map(({ text }) => text));
      after = page.next;
    }
    stored.push(texts);
  }
  return stored;
}

function file(name: string, lines: readonly (object | string)[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
  return path;
}

const person = (n: number) => ({ person: { id: `p${n}`, handle: `p${n}`, name: `Person ${n}` } });

describe('drawbridge import', () => {
  test('killed in the middle and started again loses nothing and doubles nothing (I3, I5)', async () => {
    const group = randomUUID();
    const message = (n: number) => {
      const [a, b] = [`p${n % PEOPLE}`, `p${(n + 1 + (n % 7)) % PEOPLE}`];
      const sentAt = new Date(Date.UTC(2020, 0, 1) + n * 60_000).toISOString();
      const where = n % 5 === 0 ? { from: 'p0', conversation: group } : { from: a, to: b };
      return { message: { ...where, text: `n ${n}`, clientId: randomUUID(), sentAt } };
    };
    const path = file('history.jsonl', [
      ...Array.from({ length: PEOPLE }, (_, n) => person(n)),
      { contacts: { person: 'p0', contacts: ['p1', 'p2'] } },
      { conversation: { from: 'p0', members: ['p1', 'p2'], title: 'All', clientId: group } },
      ...Array.from({ length: MESSAGES }, (_, n) => message(n)),
    ]);
    const first = spawn(PROGRAM, ['import', path], { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' });
    const ended = new Promise((resolve) => first.once('exit', (_, signal) => resolve(signal)));
    const watcher = watch(folder, () => {
      if (!existsSync(`${path}.progress`)) return;
      const { line } = JSON.parse(readFileSync(`${path}.progress`, 'utf8')) as { line: number };
      if (line > 1_500) first.kill('SIGKILL');
    });
    watcher.on('error', () => {});
    expect(await ended).toBe('SIGKILL');
    watcher.close();
    // In the middle: some are in the bridge, and not all.
    const { line } = JSON.parse(readFileSync(`${path}.progress`, 'utf8')) as { line: number };
    const then = (await stored()).flat().length;
    expect(line).toBeGreaterThan(1_500);
    expect(then).toBeGreaterThanOrEqual(line - PEOPLE - 2);
    expect(then).toBeLessThan(MESSAGES);

    const second = await drawbridge(['import', path, '--json'], env);
    expect(second).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^Going on at line [\d,]+, where it was left/),
    });
    const summed = JSON.parse(second.stdout) as { lines: number; stored: number; before: number; rejected: number };
    expect(summed).toMatchObject({ lines: PEOPLE + 2 + MESSAGES, rejected: 0 });
    expect(summed.stored + summed.before).toBe(PEOPLE + 2 + MESSAGES);
    const texts = await stored();
    const numbers = texts.map((each) => each.map((text) => Number(text.slice(2))));
    expect(numbers.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: MESSAGES }, (_, n) => n));
    for (const each of numbers) expect(each).toEqual(each.toSorted((a, b) => a - b));

    const third = await drawbridge(['import', path], env);
    expect(third).toMatchObject({ code: 0, stdout: expect.stringMatching(/was imported before/) });
  });

  test('keeps what the bridge will not have, with the reason, and loads the rest', async () => {
    const path = file('faulty.jsonl', [
      person(50),
      person(51),
      'no json',
      { person: { id: 'p 52', handle: 'x', name: 'X' } },
      { message: { from: 'p50', to: 'p51', text: 'good', clientId: randomUUID() } },
      { message: { from: 'nobody', to: 'p51', text: 'bad', clientId: randomUUID() } },
      { message: { from: 'p51', to: 'p50', text: 'good too', clientId: randomUUID() } },
      { something: {} },
      '',
    ]);
    // It reads a file and asks no bridge: it needs no token.
    const checked = await drawbridge(['import', path, '--check']);
    expect(checked.code).toBe(1);
    expect(checked.stdout.split('\n').slice(0, 3)).toEqual([
      'Line 3 is not JSON.',
      'Line 4 person.id must be 1 to 64 of A-Z a-z 0-9 . _ -.',
      'Line 8 must be an object with one of person, contacts, blocks, conversation, message.',
    ]);
    const { code, stdout, stderr } = await drawbridge(['import', path], env);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('4 lines would not be had') });
    expect(stdout).toMatch(/4 stored, 0 there already, 4 rejected/);
    const rejected = readFileSync(`${path}.rejected`, 'utf8').trim().split('\n');
    expect(rejected.map((line) => JSON.parse(line) as object)).toMatchObject([
      { line: 3, code: 'invalid_data' },
      { line: 4, code: 'invalid_data' },
      { line: 6, code: 'not_found' },
      { line: 8, code: 'invalid_data' },
    ]);
    // As long as nobody has looked, it is said again.
    expect(await drawbridge(['import', path], env)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('was imported before'),
      stderr: expect.stringContaining('4 lines would not be had'),
    });
    expect((await stored()).at(-1)).toEqual(['good', 'good too']);
  });

  test('says what is wrong before it begins', async () => {
    const path = file('small.jsonl', [person(60)]);
    const refused = async (words: string[], environment = env) => (await drawbridge(words, environment)).stderr;
    expect(await refused(['import', join(folder, 'nothing')])).toMatch(/cannot be read \(ENOENT\)/);
    expect(await refused(['import', folder])).toMatch(/is no file/);
    expect(await refused(['import', path], { DRAWBRIDGE_ADMIN_URL: bridge.internalUrl })).toMatch(/set PLATFORM_TOKEN/);
    expect(await refused(['import', path], { ...env, PLATFORM_TOKEN: 'another-token' })).toMatch(
      /does not take this token \(401\)/,
    );
    expect(await refused(['import', path, '--url', bridge.publicUrl])).toMatch(/There is no host platform's API at/);
  });
});
