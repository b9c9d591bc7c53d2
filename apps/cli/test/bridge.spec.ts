import { BridgeClient, type BridgeProcess, signIn, startBridge } from '@drawbridge/testing';
import { drawbridge, type Outcome, onScreen } from './command-line.js';

const ROOT = 'root-token-of-the-tests';
const WHEN = /\d{4}-\d\d-\d\d \d\d:\d\d UTC \((?:in \d+ \w+|\d+ \w+ ago|now)\)/;
const RECEIPT =
  /In effect since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC \([\d.]+ m?s after it was asked for\), confirmed by gw-1/;

let bridge: BridgeProcess;
let env: Record<string, string>;

beforeAll(async () => {
  bridge = await startBridge({ database: 'postgres', env: { ADMIN_TOKEN: ROOT, GATEWAY_ID: 'gw-1' } });
  env = { DRAWBRIDGE_ADMIN_URL: bridge.internalUrl, DRAWBRIDGE_TOKEN: ROOT };
});
afterAll(() => bridge[Symbol.asyncDispose]());

/** What went well: its stdout. */
async function done(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await drawbridge(words, env);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

async function json<T>(...words: string[]): Promise<T> {
  return JSON.parse(await done(...words, '--json')) as T;
}

/** What was refused: one line. */
async function refused(words: readonly string[], environment = env): Promise<string> {
  const { code, stdout, stderr }: Outcome = await drawbridge(words, environment);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^drawbridge: [^\n]+\n$/);
  return stderr.slice('drawbridge: '.length, -1);
}

async function connected(login: string): Promise<BridgeClient> {
  const tokens = await signIn(bridge, { login, password: 'drawbridge', clientId: 'tunebox-desktop' });
  const client = await BridgeClient.connect(bridge.publicUrl);
  await client.open(tokens);
  return client;
}

function create(name: string): Promise<{ id: string }> {
  return json(
    ...['partners', 'create', '--name', name, '--homepage', 'https://a.example', '--contact', 'a@a.example'],
    ...['--privacy-url', 'https://a.example/privacy', '--scopes', 'messages.read,messages.send,profile'],
  );
}

describe('On a real bridge', () => {
  test('a wrong token, a public address and an unknown partner are one clear line each', async () => {
    expect(await refused(['status'], { ...env, DRAWBRIDGE_TOKEN: 'wrong-token-of-the-tests' })).toBe(
      `${bridge.internalUrl} does not take this token (401). This is no operator’s token, or not any more. Set DRAWBRIDGE_TOKEN (or ADMIN_TOKEN) to one that it takes.`,
    );
    expect(await refused(['status', '--url', bridge.publicUrl])).toMatch(/^There is no operators' API at http/);
    expect(await refused(['partners', 'show', 'Skyline'])).toMatch(
      /^There is no partner "Skyline"; there are .*Tunebox.*\.$/,
    );
    expect(await refused(['grants', 'end', '0b8f5a4e-3c53-4d0e-9a2b-6f5d1f1f6a11', '--reason', 'x', '--yes'])).toBe(
      'There is no grant 0b8f5a4e-3c53-4d0e-9a2b-6f5d1f1f6a11.',
    );
  });

  test('status shows the gateways and the partners that need somebody, and --json is one document', async () => {
    await create('Waiting');
    const text = await done('status');
    expect(text).toMatch(/^GATEWAY +STATE +CONNECTIONS/);
    expect(text).toMatch(/\ngw-1 +serving +\d+ +\d+ ms ago, of 3\.00 s +up to date +/);
    expect(text).toMatch(/\nNAME +STATUS +REVIEW DUE +ID\n(.*\n)*Waiting +pending +– +[-0-9a-f]{36}\n/);
    expect(await json('status')).toMatchObject({ gateways: [{ id: 'gw-1' }], partners: [{ name: 'Waiting' }] });
  });

  test('a partner is created, changed, approved and shown; what is wrong with it is named', async () => {
    const { id } = await create('Skybox');
    await done('partners', 'update', 'Skybox', '--review-due', '2999-12-31', '--contact', 'new@a.example');
    await done('partners', 'approve', id.slice(0, 12));
    const shown = await done('partners', 'show', 'sky');
    expect(shown).toMatch(
      /name +Skybox\nid +[-0-9a-f]{36}\nstatus +approved since .* by root\nreview due +2999-12-31 00:00 UTC/,
    );
    expect(shown).toContain('new@a.example');
    expect(shown).toContain('It has no apps yet');
    const wrong = ['partners', 'update', 'Skybox', '--homepage', 'nowhere', '--scopes', 'everything'];
    expect(await refused([...wrong, '--yes'])).toMatch(/homepage.*|scopes.*/);
  });

  test('apps are registered, changed and removed', async () => {
    await create('Appmaker');
    await done('partners', 'approve', 'Appmaker');
    const made = ['apps', 'create', 'Appmaker', '--name', 'Player', '--client-id', 'player', '--kind', 'native'];
    const app = await done(...made, '--redirect', 'http://127.0.0.1/callback', '--scopes', 'messages.read,profile');
    expect(app).toMatch(/client id +player\nkind +native\nscopes +messages\.read, profile/);
    expect(await done('apps', 'list', 'Appmaker')).toMatch(/^APP +CLIENT ID +KIND +SCOPES\nPlayer +player +native/);
    expect(await refused(['apps', 'update', 'Appmaker', 'player', '--scopes', 'profile'])).toBe(
      'This takes messages.read from the app Player; no grants are concerned. Nothing was done, because nobody is there to be asked: add --yes to do it.',
    );
    await done('apps', 'update', 'Appmaker', 'Player', '--scopes', 'profile', '--yes');
    expect(await json('apps', 'list', 'Appmaker')).toMatchObject({
      apps: [{ clientId: 'player', scopes: ['profile'] }],
    });
    expect(await done('apps', 'remove', 'Appmaker', 'player', '--reason', 'r', '--yes')).toMatch(/^Removed Player/);
    expect(await json('apps', 'list', 'Appmaker')).toEqual({ apps: [] });
  });

  test('a person and a partner have their grants listed; one is ended, with a preview, a question and a receipt (I2)', async () => {
    const alice = await connected('alice');
    const text = await done('grants', 'list', '--person', 'alice');
    expect(text).toMatch(
      /^PERSON +APP +STATE +SCOPES +SINCE +LAST CONNECTED +ID\nalice +Tunebox +stands +messages\.read, /,
    );
    expect(text).toMatch(WHEN);
    const { grants } = await json<{ grants: { id: string }[] }>('grants', 'list', '--partner', 'Tunebox');
    const end = ['grants', 'end', grants[0]!.id, '--reason', 'asked for'];
    const preview = `This ends the grant ${grants[0]!.id}: one sign-in of one person in one app.`;
    expect(await done(...end, '--preview')).toBe(`${preview} Nothing was done.\n`);
    expect(await refused(end)).toContain(`${preview} Nothing was done, because nobody is there to be asked`);
    const no = await onScreen(end, env, { columns: 200, types: 'no\n' });
    expect(no.screen).toContain(`${preview}\nType yes to go on: `);
    expect(no).toMatchObject({ code: 1, screen: expect.stringContaining('Nothing was done.') });
    const left = await onScreen(end, env, { columns: 200, types: '\u0004' });
    expect(left).toMatchObject({ code: 1, screen: expect.stringContaining('Nothing was done.') });
    const yes = await onScreen(end, env, { columns: 200, types: 'yes\n' });
    expect(yes.code).toBe(0);
    expect(yes.screen).toMatch(RECEIPT);
    expect(await alice.closed).toEqual({ code: 4403, reason: 'revoked_by_operator' });
  });

  test('a partner that is suspended loses all its grants: a preview of them, a receipt over them, and back (I2)', async () => {
    const clients = [await connected('bob'), await connected('carol'), await connected('carol')];
    const suspend = ['partners', 'suspend', 'Tunebox', '--reason', 'tokens leaked'];
    const overdue = ['partners', 'update', 'Tunebox', '--review-due', '2026-01-01'];
    expect(await refused(overdue)).toContain(
      'This leaves the review of Tunebox overdue, which suspends it and ends 3 grants of 1 app (2 people). Nothing was done',
    );
    const preview = 'This suspends the partner Tunebox and ends 3 grants of 1 app (2 people).';
    expect(await refused(suspend)).toBe(
      `${preview} Nothing was done, because nobody is there to be asked: add --yes to do it.`,
    );
    expect(await json(...suspend, '--preview')).toMatchObject({ preview: { grants: 3, apps: 1, people: 2 } });
    expect(await refused(['partners', 'suspend', 'tune', '--reason', 'x', '--yes'])).toMatch(
      /^With --yes write the whole/,
    );
    const outcome = await drawbridge([...suspend, '--yes'], env);
    expect(outcome).toMatchObject({ code: 0, stderr: `${preview}\n` });
    expect(outcome.stdout).toMatch(/^Suspended Tunebox: 3 grants\. /);
    expect(outcome.stdout).toMatch(RECEIPT);
    expect(outcome.stdout).toContain('; 3 connections closed.');
    for (const client of clients) expect(await client.closed).toEqual({ code: 4403, reason: 'partner_suspended' });
    await done('partners', 'resume', 'Tunebox', '--reason', 'mended');
    expect(await done('partners', 'list')).toMatch(/\nTunebox +approved /);
    const planned = await done('partners', 'end', 'Tunebox', '--reason', 'r', '--at', '2999-12-31', '--yes');
    expect(planned).toMatch(/^Tunebox ends on 2999-12-31 00:00 UTC/);
    expect(await done('partners', 'list')).toMatch(/\nTunebox +approved until 2999-12-31 /);
  });

  test('an operator gets a token that is shown once, works, and is good no more afterwards', async () => {
    const { code, stdout } = await drawbridge(['operators', 'create', 'maria'], env);
    expect(code).toBe(0);
    const token = stdout.trim();
    const marias = { ...env, DRAWBRIDGE_TOKEN: token };
    expect((await drawbridge(['operators', 'list'], marias)).stdout).toMatch(
      /^NAME +SINCE +MADE BY +LAST USED\nmaria +\d{4}-.* root +\d{4}-/,
    );
    expect(JSON.stringify(await json('operators', 'list'))).not.toContain(token);
    expect(await refused(['operators', 'remove', 'maria'])).toMatch(/^This removes the operator maria/);
    expect(await refused(['operators', 'remove', 'mario', '--yes'])).toBe(
      'There is no operator "mario"; there is maria.',
    );
    expect(await refused(['operators', 'remove', 'root', '--yes'])).toMatch(/^root is whoever has ADMIN_TOKEN/);
    await done('operators', 'remove', 'maria', '--yes');
    expect(await refused(['operators', 'list'], marias)).toContain('does not take this token (401)');
  });

  test('a narrow terminal breaks a table into blocks and cuts nothing off; colour is for terminals, and not with NO_COLOR', async () => {
    const { partners } = await json<{ partners: { id: string }[] }>('partners', 'list');
    const narrow = await onScreen(['partners', 'list'], { ...env, NO_COLOR: '1' }, { columns: 40 });
    expect(narrow.raw).not.toContain('\u001b');
    for (const { id } of partners) expect(narrow.screen).toMatch(new RegExp(`^ID +${id}$`, 'm'));
    for (const line of narrow.screen.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
    expect((await onScreen(['partners', 'list'], env, { columns: 40 })).raw).toContain('\u001b[1mNAME');
    expect(await done('partners', 'list')).not.toContain('\u001b');
  });

  test('what was done is on the record, with who did it and why', async () => {
    const text = await done('record', '--partner', 'Tunebox');
    expect(text).toMatch(/^WHEN +WHO +WHAT +OF +DETAILS\n/);
    expect(text).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC +root +partner suspended +[-0-9a-f]{36} +.*tokens leaked/);
    const first = await json<{ entries: object[]; next: string }>('record', '--operator', 'root', '--limit', '1');
    expect(first.entries).toHaveLength(1);
    const page = await json<{ entries: object[] }>(
      'record',
      '--operator',
      'root',
      '--limit',
      '1',
      '--cursor',
      first.next,
    );
    expect(page.entries).not.toEqual(first.entries);
    expect(await refused(['record', '--limit', 'many'])).toContain('limit: must be a whole number from 1 to 500');
  });

  test('after a restore every client loads anew, and all grants end, unless they are kept: a preview, and a receipt (I2, I4)', async () => {
    const client = await connected('dave');
    const isReset = ({ event }: { event: string }) => event === 'mailbox.reset';
    const restored = ['restored', '--reason', 'backup of 03:00'];
    expect(await done('restored', '--preview')).toMatch(/Nothing was done\.\n$/);
    const kept = 'This has every client load anew, once, and ends no grant';
    expect(await done(...restored, '--keep-grants', '--preview')).toMatch(
      new RegExp(`^${kept}: .* Nothing was done.\n$`),
    );
    const ends =
      /^This has every client load anew, once, and ends \d+ grants? of \d+ apps? \(\d+ (?:person|people)\): people sign in again\./;
    expect(await done(...restored, '--preview')).toMatch(ends);
    expect(await refused(restored)).toMatch(ends);
    expect(await json(...restored, '--preview')).toMatchObject({ preview: { grants: expect.any(Number) } });
    expect(client.frames.filter(isReset)).toEqual([]);

    const keeping = await drawbridge([...restored, '--keep-grants', '--yes'], env);
    expect(keeping).toMatchObject({ code: 0, stdout: 'Every client loads anew. 0 grants ended.\n' });
    expect(keeping.stderr).toContain(kept);
    expect((await client.waitFor(isReset)).data).toMatchObject({ reason: 'epoch_changed' });

    const ended = await drawbridge([...restored, '--yes'], env);
    expect(ended).toMatchObject({ code: 0, stderr: expect.stringMatching(ends) });
    expect(ended.stdout).toMatch(/^Every client loads anew\. [1-9]\d* grants? ended\.\n/);
    expect(ended.stdout).toMatch(RECEIPT);
    expect(await client.closed).toEqual({ code: 4403, reason: 'revoked_by_operator' });
    expect(await done('record', '--limit', '20')).toMatch(/ root +data restored .*backup of 03:00/);
  });

  // The last: this gateway takes no connections from here on.
  test('a gateway is drained', async () => {
    const dave = await connected('dave');
    expect(await done('gateways', 'list')).toMatch(/^GATEWAY +STATE.*\ngw-1 +serving +\d+ /);
    expect(await refused(['gateways', 'drain', 'gw-2'])).toMatch(/^There is no gateway "gw-2"; there is gw-1/);
    expect(await refused(['gateways', 'drain', 'gw-1'])).toMatch(
      /^This drains the gateway gw-1: its \d+ connections? /,
    );
    expect(await done('gateways', 'drain', 'gw-1', '--yes')).toMatch(/^The gateway gw-1 drains/);
    expect(await dave.closed).toMatchObject({ code: 4512 });
  });
});
