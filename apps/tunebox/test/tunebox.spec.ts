import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BridgeClient,
  type BridgeProcess,
  FaultProxy,
  FormBrowser,
  formWith,
  signIn,
  signsIn,
  startBridge,
} from '@drawbridge/testing';
import { Terminal } from './terminal.js';

const SCOPES = ['profile', 'messages.read', 'messages.send', 'contacts.read', 'presence.read'];
const PASSWORD = 'drawbridge';

let network: FaultProxy;
let bridge: BridgeProcess;
let folder: string;

beforeAll(async () => {
  network = await FaultProxy.to('http://127.0.0.1:1');
  bridge = await startBridge({ database: 'postgres', env: { PUBLIC_URL: network.url } });
  network.lead(bridge.ownUrl);
  folder = mkdtempSync(join(tmpdir(), 'tunebox-'));
});
afterAll(async () => {
  await bridge[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function tunebox(size?: { columns: number; rows: number }): Promise<Terminal> {
  const program = ['scripts/run-ts.mjs', 'apps/tunebox/src/main.tsx', '--as', 'alice', '--url', network.url];
  return Terminal.start(
    [process.execPath, '--disable-warning=ExperimentalWarning', ...program, '--folder', folder],
    size,
  );
}

/** Signs Alice in, from the screen that says so to her messages. */
async function signInAlice(terminal: Terminal): Promise<void> {
  await terminal.press('Enter');
  const screen = await terminal.until(/state=\S+[\s\S]*Esc: not now/);
  const [address] = /http:\S+(?=Tunebox goes)/.exec(screen.replaceAll('\n', ''))!;
  await signsIn(address, { login: 'alice', scopes: SCOPES });
  await terminal.until('● live');
}

async function bob(): Promise<BridgeClient> {
  const tokens = await signIn(bridge, { login: 'bob', password: PASSWORD, clientId: 'tunebox-desktop' });
  const client = await BridgeClient.connect(bridge.publicUrl);
  await client.open(tokens);
  return client;
}

/** Where a message with this text is, when it has come: in the mailbox and in its conversation. */
async function heard(client: BridgeClient, text: string): Promise<{ seq: number; position: number }> {
  const { seq, data } = await client.waitFor(({ event, data: { message } }) => {
    return event === 'message.created' && (message as { text: string }).text === text;
  });
  return { seq: seq!, position: (data.message as { position: number }).position };
}

/** Every file that Tunebox has left. */
function files(at = folder): string[] {
  return readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What is in them. A draft may be gone again. */
function texts(): string {
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  return files().map(read).join();
}

/** Ends what Alice allowed, on Connected apps. */
async function endOnConnectedApps(): Promise<void> {
  const browser = new FormBrowser(bridge.ownUrl);
  const page = await browser.get('/connected-apps');
  const apps = await browser.submit(formWith(page, 'login'), { login: 'alice', password: PASSWORD });
  const asked = await browser.submit(formWith(apps, 'grant'), {}, ['action', 'end']);
  await browser.submit(formWith(asked, 'confirm'), {}, ['confirm', 'yes']);
}

describe('Tunebox in a terminal', () => {
  test('signs in, plays, receives, shares, shows receipts, sends offline when it is back, signs out, and forgets everything when the consent ends (I1, I2, I5)', async () => {
    const writer = await bob();
    await using terminal = await tunebox();
    await terminal.until('Press Tab, then Enter');
    await terminal.press('Down', 'Enter');
    await terminal.until(/▶ Sodium Lamps · Marit Solheim/);
    await terminal.press('Tab');
    await terminal.until('Press Enter');
    await signInAlice(terminal);
    await terminal.until(/Alice Moreau · ● live/);

    const { message } = (await writer.request('message.send', {
      to: 'alice',
      text: 'Are you there?',
      clientId: crypto.randomUUID(),
    })) as { message: { conversation: string } };
    await terminal.until(/Bob Okafor +\d+ new[\s\S]*Bob Okafor: Are you there\?/);
    await terminal.press('Enter');
    await terminal.until(/Bob Okafor \d.* Are you there\?/);
    await writer.request('typing.start', { conversation: message.conversation });
    await terminal.until('Bob Okafor is typing…');
    await terminal.type('Yes ');
    await terminal.type('I am');
    await terminal.press('Enter');
    await terminal.until(/You \d.* Yes I am ✓\s/);
    const { seq, position } = await heard(writer, 'Yes I am');
    await writer.request('mailbox.ack', { seq });
    await terminal.until(/You \d.* Yes I am ✓✓(?! read)/);
    await writer.request('conversation.read', { conversation: message.conversation, upTo: position });
    await terminal.until(/You \d.* Yes I am ✓✓ read/);
    const hostile = {
      conversation: message.conversation,
      text: '\u001b[2J\u001b[31mred\u202e',
      clientId: crypto.randomUUID(),
    };
    await writer.request('message.send', hostile);
    await terminal.until('\ufffd[2J\ufffd[31mred\ufffd');
    await terminal.press('C-s');
    await terminal.until(/You \d.* ♪ Sodium Lamps by Marit Solheim[\s\S]*sodium-lamps ✓/);

    for (let line = 1; line <= 60; line++)
      await writer.request('message.send', { ...hostile, text: `line ${line}.`, clientId: crypto.randomUUID() });
    await terminal.until('line 60.');
    await terminal.press('PageUp', 'PageUp', 'PageUp');
    await terminal.until(/line 9\.[\s\S]*PgDn: newer messages/);
    await terminal.press('PageDown', 'PageDown', 'PageDown');
    await terminal.until('line 60.');
    await terminal.resize(9, 3);
    await terminal.resize(100, 30);
    await terminal.until('line 60.');

    network.refuse();
    network.cut();
    await terminal.until('○ offline');
    await terminal.type('written in a tunnel');
    await terminal.press('Enter');
    await terminal.until(/written in a tunnel ◷ waits[\s\S]*1 to be sent when you are online again/);
    // It is shown before it is kept. Then, while it is offline, no file comes or goes.
    while (files().some((path) => path.endsWith('.tmp')) || !texts().includes('written in a tunnel'))
      await new Promise((resolve) => setTimeout(resolve, 10));
    // Who may read them, and that no message is kept but those that wait.
    for (const path of files()) expect(statSync(path).mode & 0o077).toBe(0);
    expect(texts()).not.toContain('Are you there?');
    network.refuse(false);
    await terminal.press('C-l');
    await terminal.until(/You \d.* written in a tunnel ✓/);

    // What waits to be sent is forgotten too, and nothing comes back that was being written.
    network.refuse();
    network.cut();
    await terminal.until('○ offline');
    for (const text of ['never', 'to be', 'sent']) {
      await terminal.type(text);
      await terminal.press('Enter');
    }
    await terminal.until('3 to be sent when you are online again');
    await endOnConnectedApps();
    network.refuse(false);
    await terminal.until(
      /You ended Tunebox’s access to your messages\.[\s\S]*has forgotten your messages and your sign-in/,
    );
    expect(await terminal.screen()).not.toContain('Are you there?');
    expect(existsSync(folder) ? files() : []).toEqual([]);
    await terminal.until('▶ Sodium Lamps');

    // Another Tunebox on the same folder is in with the same sign-in, and ends it for both.
    await signInAlice(terminal);
    await using second = await tunebox();
    await second.until('● live');
    await second.press('C-o');
    for (const each of [second, terminal])
      await each.until(/You are signed out\.[\s\S]*has forgotten your messages and your sign-in/);
    expect(existsSync(folder) ? files() : []).toEqual([]);
    await second.press('C-c');
    await writer.close();
  });
});
