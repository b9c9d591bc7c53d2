import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@drawbridge/testing';
import { drawbridge } from './command-line.js';

const COMMANDS = [
  'status',
  ...['list', 'show', 'create', 'update', 'approve', 'suspend', 'resume', 'end'].map((name) => `partners ${name}`),
  ...['list', 'create', 'update', 'remove'].map((name) => `apps ${name}`),
  ...['list', 'end'].map((name) => `grants ${name}`),
  ...['list', 'drain'].map((name) => `gateways ${name}`),
  ...['list', 'create', 'remove'].map((name) => `operators ${name}`),
  'record',
  'restored',
];

describe('The help', () => {
  test.each(COMMANDS)('of %s says how it is called, with an example and the options of every command', async (name) => {
    const { code, stdout, stderr } = await drawbridge([...name.split(' '), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage: drawbridge ${name} [options]`);
    expect(stdout).toMatch(new RegExp(`\nExamples?:\n  .*drawbridge ${name}`));
    for (const option of ['--url', '--token-file', '--json', '--yes']) expect(stdout).toContain(option);
  });

  test('names every command, and is what a group without a command shows', async () => {
    const whole = await drawbridge(['--help']);
    expect(whole.code).toBe(0);
    for (const group of new Set(COMMANDS.map((name) => name.split(' ')[0]!))) {
      expect(whole.stdout).toContain(`\n  ${group} `);
      if (COMMANDS.includes(group)) continue;
      const { code, stdout, stderr } = await drawbridge([group]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      const listed = [...stderr.slice(stderr.indexOf('\nCommands:')).matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name);
      expect(listed.map((name) => `${group} ${name}`)).toEqual(COMMANDS.filter((name) => name.startsWith(`${group} `)));
    }
  });
});

/** One line on stderr, nothing on stdout. */
async function refused(words: readonly string[], env: Record<string, string>, exitCode: number): Promise<string> {
  const { code, stdout, stderr } = await drawbridge(words, env);
  expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' });
  expect(stderr).toMatch(/^drawbridge: [^\n]+\n$/);
  return stderr.slice('drawbridge: '.length, -1);
}

describe('A command line that cannot be understood is refused in one line, with 2', () => {
  test.each([
    [['partners', 'lst'], "unknown command 'lst' (Did you mean list?); see drawbridge partners --help."],
    [['partners', 'show'], "missing required argument 'partner'; see drawbridge partners show --help."],
    [['partners', 'end', 'x'], "required option '--reason <text>' not specified; see drawbridge partners end --help."],
    [['status', '--jsn'], "unknown option '--jsn' (Did you mean --json?); see drawbridge status --help."],
    [['status', '--url', 'ftp://x'], '"ftp://x" is not the address of a bridge: it begins with http:// or https://.'],
    [
      ['partners', 'end', 'x', '--reason', 'r', '--at', 'soon'],
      '--at takes a day (2026-12-31) or a time (2026-12-31T18:00Z), not "soon".',
    ],
    [['grants', 'end', '..', '--reason', 'x'], '".." is the name of nothing.'],
    [['partners', 'update', 'x'], 'Nothing to change was given; see drawbridge partners update --help.'],
  ])('%j', async (words, line) => {
    expect(await refused(words, { DRAWBRIDGE_TOKEN: 'secret' }, 2)).toBe(line);
  });
});

describe('The token', () => {
  let folder: string;
  let asked: string[];
  let url: string;
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization ?? '');
    response.end('{"partners": []}');
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'drawbridge-cli-'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    asked = [];
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  test('is missed before anybody is asked', async () => {
    const line = await refused(['status', '--url', url], {}, 2);
    expect(line).toMatch(/^No token: set DRAWBRIDGE_TOKEN .*--token-file\.$/);
    expect(asked).toEqual([]);
  });

  test('comes from a file, otherwise from DRAWBRIDGE_TOKEN, otherwise from ADMIN_TOKEN', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, 'of-file\n');
    const env = { DRAWBRIDGE_ADMIN_URL: `${url}/`, DRAWBRIDGE_TOKEN: 'of-environment', ADMIN_TOKEN: 'root' };
    await drawbridge(['partners', 'list', '--token-file', file], env);
    await drawbridge(['partners', 'list'], env);
    await drawbridge(['partners', 'list'], { ...env, DRAWBRIDGE_TOKEN: '' });
    expect(asked).toEqual(['Bearer of-file', 'Bearer of-environment', 'Bearer root']);
  });

  test('is never shown, also where it is none', async () => {
    const file = join(folder, 'broken');
    writeFileSync(file, 'two words\n');
    const line = await refused(['status', '--url', url, '--token-file', file], {}, 2);
    expect(line).toBe(`What is in ${file} is not a token: a token is one word of ASCII letters.`);
    const gone = join(folder, 'gone');
    expect(await refused(['status', '--token-file', gone], {}, 2)).toBe(`${gone} cannot be read (ENOENT).`);
    expect(asked).toEqual([]);
  });
});

describe('A bridge that is not there', () => {
  test('is told with its address and what to do', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await refused(['status', '--url', url], { ADMIN_TOKEN: 'secret' }, 1)).toBe(
      `No bridge at ${url} (nothing listens there): start one (npm start), or say where it is with --url or DRAWBRIDGE_ADMIN_URL.`,
    );
    const nowhere = 'http://bridge.invalid:8081';
    expect(await refused(['status', '--url', nowhere], { ADMIN_TOKEN: 'secret' }, 1)).toMatch(
      /^No bridge at http:\/\/bridge\.invalid:8081 \((there is no machine of this name|the name could not be looked up)\)/,
    );
  });

  test('something else that answers there is not taken for one, nor followed with the token', async () => {
    const elsewhere = createServer((_request, response) =>
      response.writeHead(302, { Location: '/login' }).end('<html>'),
    );
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    expect(await refused(['status', '--url', url], { ADMIN_TOKEN: 'secret' }, 1)).toBe(
      `There is no operators' API at ${url} (302): --url takes the internal address (INTERNAL_PORT, 8081 by default) of a bridge whose ROLES have admin.`,
    );
    elsewhere.close();
  });
});
