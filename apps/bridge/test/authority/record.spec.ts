import { randomUUID } from 'node:crypto';
import { Endings } from '@drawbridge/consent';
import { appendEntry } from '@drawbridge/ledger';
import { ENTRY } from '@drawbridge/messaging';
import { People, PersonSessions } from '@drawbridge/people';
import { SCOPES } from '@drawbridge/protocol';
import { everyDatabase, type FormBrowser, formWith, shownText } from '@drawbridge/testing';
import { sql } from 'kysely';
import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { usageSentences } from '../../src/authority/grant-usage.js';
import { USAGE_LIMITS, type Usage } from '../../src/authority/usages.js';
import { en } from '../../src/texts/en.js';
import { AuthorityHarness, PASSWORD } from './authority-harness.js';

const ONE = randomUUID();
const TWO = randomUUID();

interface WindowRow {
  grant: string;
  from: number | null;
  last?: number | null;
  opened: string;
  closed?: string;
  atMost?: boolean;
}

describe.each(everyDatabase)('The record of a person, on %s', (kind) => {
  let bridge: AuthorityHarness;
  let alice: number;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
    alice = (await new People(bridge.database).byId('alice'))!.key;
  });
  afterAll(() => bridge[Symbol.asyncDispose]());
  const run = (query: ReturnType<typeof sql>) => query.execute(bridge.database.tables());
  beforeEach(async () => {
    for (const table of ['consent_receipt', 'consent_grant', 'access_window', 'access_page', 'ledger_entry', 'mailbox'])
      await run(sql`delete from ${sql.table(table)}`);
    await run(sql`delete from mailbox_entry`);
    await run(sql`delete from message`);
  });

  /** Messages that arrived in Alice's mailbox, one after the other, each so long ago. */
  const arrived = async (conversation: string, position: number, ago: string) => {
    await run(sql`insert into message (conversation, position, id, sender, app, client_id, content_hash, sender_seq, text, sent_at)
      values (${conversation}, ${position}, ${randomUUID()}, 2, '', ${randomUUID()}, '', 1, 'the words themselves',
              clock_timestamp() - ${ago}::interval)`);
    await run(sql`with box as (
        insert into mailbox (owner, head) values (${alice}, 1)
        on conflict (owner) do update set head = mailbox.head + 1 returning head)
      insert into mailbox_entry (owner, seq, kind, conversation, subject)
      select ${alice}, head, 1, ${conversation}::uuid, ${position}::bigint from box`);
  };
  const window = ({ grant, from, last = null, opened, closed, atMost = false }: WindowRow) =>
    run(sql`insert into access_window (grant_id, person, instance, gateway, from_seq, last_seq, opened_at, closed_at, closed_by, at_most)
      values (${grant}, ${alice}, ${randomUUID()}, 'gw-1', ${from}, ${last}, clock_timestamp() - ${opened}::interval,
              clock_timestamp() - ${closed ?? null}::interval,
              ${closed === undefined ? null : atMost ? 'lease_expired' : 'connection'}, ${atMost})`);
  const shown = (grant: string, conversation: string, [from, to]: [number, number], ago: string) =>
    run(sql`insert into access_page (at, grant_id, person, command, conversations, from_positions, to_positions)
      values (clock_timestamp() - ${ago}::interval, ${grant}, ${alice}, 'conversation.history', array[${conversation}::uuid],
              array[${from}::bigint], array[${to}::bigint])`);
  const open = async (browser: FormBrowser, login = 'alice') => {
    const page = await browser.get('/connected-apps');
    return browser.submit(formWith(page, 'login'), { login, password: PASSWORD });
  };
  const sentence = async () => {
    const { html } = await open(bridge.browser());
    return shownText({ html: /<p class="usage">(.*?)<\/p>/.exec(html)?.[1] ?? html });
  };

  test('Connected apps says how many messages an app read: each once, from windows and pages of this week', async () => {
    const { grant } = await bridge.signIn();
    expect(await sentence()).toBe('Tunebox has not read anything this week.');
    for (let n = 1; n <= 10; n++) await arrived(n <= 6 ? ONE : TWO, n, n <= 2 ? '9 days' : '1 minute');
    // Closed before this week; opened before it, with what was sent then and since; two side by side; of a lost gateway.
    await window({ grant, from: 0, last: 10, opened: '20 days', closed: '8 days' });
    expect(await sentence()).toBe('Tunebox has not read anything this week.');
    await window({ grant, from: 0, last: 4, opened: '10 days', closed: '1 hour' });
    expect(await sentence()).toMatch(
      /^Tunebox read 2 messages in 1 conversation this week, last (today|yesterday) at \d\d:\d\d UTC\.$/,
    );
    await window({ grant, from: 2, last: 6, opened: '2 hours', closed: '1 hour' });
    await window({ grant, from: 3, last: 5, opened: '2 hours', closed: '1 hour' });
    expect(await sentence()).toContain('read 4 messages in 1 conversation this');
    // What is in a page and in a window too is one message; what is old but was shown this week was read this week.
    await shown(grant, ONE, [1, 4], '30 minutes');
    await shown(grant, ONE, [1, 6], '8 days');
    await shown(grant, TWO, [7, 7], '20 minutes');
    expect(await sentence()).toContain('read 7 messages in 2 conversations this');
    await window({ grant, from: 6, opened: '1 minute' });
    expect(await sentence()).toMatch(/read 10 messages in 2 conversations this .* It is connected now\.$/);
    await window({ grant, from: 9, last: 10, opened: '1 minute', closed: '0 minutes', atMost: true });
    expect(await sentence()).toContain('read up to 10 messages in 2 conversations');
  });

  test('a message that was edited or reacted to is shown with its words, and counts as read; one that was deleted is not', async () => {
    const { grant } = await bridge.signIn();
    for (let n = 1; n <= 3; n++) await arrived(ONE, n, '9 days');
    for (const [kind, position] of [
      [ENTRY.messageEdited, 1],
      [ENTRY.messageReacted, 1],
      [ENTRY.messageReacted, 2],
      [ENTRY.messageDeleted, 3],
    ] as const) {
      await run(sql`with box as (update mailbox set head = head + 1 where owner = ${alice} returning head)
        insert into mailbox_entry (owner, seq, kind, conversation, subject)
        select ${alice}, head, ${kind}, ${ONE}::uuid, ${position}::bigint from box`);
    }
    await window({ grant, from: 3, last: 7, opened: '1 hour', closed: '1 minute' });
    expect(await sentence()).toContain('read 2 messages in 1 conversation this');
    // Of a window from before this week only what is known to be of these days.
    await run(sql`update access_window set opened_at = opened_at - interval '8 days'`);
    await run(sql`update message set edited_at = clock_timestamp() where position = 1`);
    expect(await sentence()).toContain('read 1 message in 1 conversation this');
  });

  test('the removal of an app is on the record of whoever had it, also once their grant is marked as ended', async () => {
    await bridge.signIn();
    const lines = async () => {
      const browser = bridge.browser();
      await open(browser);
      return (await browser.get('/connected-apps/record')).html;
    };
    const { rows } = await sql<{ partner: string }>`select partner from consent_grant`.execute(
      bridge.database.tables(),
    );
    await run(
      sql`update consent_grant set created_at = created_at - interval '1 hour', created_feed = -1, ended_with = null`,
    );
    await run(sql`insert into consent_receipt (number, kind, client_id, reason, requested_by, requested_at, grants)
      values (0, 'app_ended', 'tunebox-desktop', 'revoked_by_operator', 'olga', clock_timestamp() - interval '1 second', 1)`);
    await appendEntry(bridge.database.tables(), {
      kind: 'app_ended',
      actor: 'olga',
      app: 'tunebox-desktop',
      partner: rows[0]!.partner,
    });
    expect(await lines()).toContain('"app_ended"');
    expect(
      (await sql`select 1 from consent_grant where ended_with = 0`.execute(bridge.database.tables())).rows,
    ).toHaveLength(1);
  });

  test('what an app without messages.read was not shown is not counted, and another grant’s is not its own', async () => {
    await arrived(ONE, 1, '1 minute');
    const reader = await bridge.signIn({ scopes: ['messages.read'] });
    await window({ grant: reader.grant, from: 0, opened: '1 hour' });
    const { grant } = await bridge.signIn({ scopes: ['messages.send'] });
    await window({ grant, from: null, opened: '1 hour' });
    const { html } = await open(bridge.browser());
    expect(
      [...html.matchAll(/<p class="usage">(.*?)<\/p>/g)].map(([, said = '']) =>
        shownText({ html: said }).replace(/at .* UTC/, 'at …'),
      ),
    ).toEqual([
      'Tunebox cannot read messages. It is connected now.',
      expect.stringMatching(
        /^Tunebox read 1 message in 1 conversation this week, last \w+ at …\. It is connected now\.$/,
      ),
    ]);
  });

  test('counting has a bound, and says "more than" beyond it (I9)', async () => {
    const { grant } = await bridge.signIn();
    await shown(grant, ONE, [1, USAGE_LIMITS.messages], '1 minute');
    expect(await sentence()).toContain('read 10,000 messages in 1 conversation');
    await shown(grant, ONE, [5, 40_000_000], '1 minute');
    expect(await sentence()).toContain('read more than 10,000 messages in 1 conversation');
    await run(sql`update consent_grant set scopes = '{messages.send}'`);
    expect(await sentence()).toContain('It can no longer read messages.');
  });

  test('the whole of it is a download: JSON lines, oldest first, and nothing of anybody else', async () => {
    const { grant } = await bridge.signIn({ scopes: ['messages.read'] });
    const other = await bridge.signIn({ login: 'bob' });
    await run(sql`update consent_grant set created_at = created_at - interval '3 hours'`);
    await run(sql`update ledger_entry set at = at - interval '3 hours'`);
    await window({ grant, from: 3, last: 9, opened: '2 hours', closed: '90 minutes' });
    await window({ grant, from: 9, last: 40, opened: '1 hour', closed: '30 minutes', atMost: true });
    await shown(grant, ONE, [2, 8], '100 minutes');
    const db = bridge.database.tables();
    const { rows } = await sql<{ partner: string }>`select partner from consent_grant`.execute(db);
    await appendEntry(db, { kind: 'grants_viewed', actor: 'olga', person: alice, data: { grants: 1 } });
    await appendEntry(db, {
      kind: 'partner_suspended',
      actor: 'olga',
      partner: rows[0]!.partner,
      data: { note: 'internal' },
    });
    await appendEntry(db, { kind: 'partner_changed', actor: 'olga', partner: rows[0]!.partner });
    await window({ grant, from: 9, opened: '0 hours' });

    const browser = bridge.browser();
    const page = await open(browser);
    const link = /<a href="([^"]+)">Download everything on the record \(JSON lines\)<\/a>/.exec(page.html)?.[1];
    const { headers, html: text, status } = await browser.get(link!);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/x-ndjson');
    expect(headers.get('content-disposition')).toMatch(
      /^attachment; filename="drawbridge-record-\d{4}-\d\d-\d\d\.jsonl"$/,
    );
    expect(headers.get('cache-control')).toBe('no-store');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const partner = { id: rows[0]!.partner, name: 'Tunebox Ltd' };
    const of = { grant, app: { id: 'tunebox-desktop', name: 'Tunebox' }, partner };
    const access = { at, kind: 'access_window', ...of, gateway: 'gw-1', opened: at };
    expect(lines).toEqual([
      { at, kind: 'grant_created', by: 'person', ...of, data: { scopes: ['messages.read'], expiresAt: at } },
      { ...access, closed: at, closedBy: 'connection', fromSeq: 3, lastSeq: 9 },
      {
        at,
        kind: 'page_shown',
        ...of,
        command: 'conversation.history',
        messages: [{ conversation: ONE, from: 2, to: 8 }],
      },
      { ...access, closed: at, closedBy: 'lease_expired', fromSeq: 9, lastSeq: 40, atMost: true },
      { at, kind: 'grants_viewed', by: 'olga', data: { grants: 1 } },
      { at, kind: 'partner_suspended', by: 'olga', partner },
      { ...access, fromSeq: 9 },
    ]);
    expect(lines.map((line) => line.at)).toEqual(lines.map((line) => line.at).toSorted());
    expect(text).not.toContain(other.grant);
  });

  test('an end is in it twice: that it was asked for, and from when on it holds', async () => {
    const { grant } = await bridge.signIn({ scopes: ['messages.read'] });
    const [receipt] = await bridge.endings.end({ grants: [grant], reason: 'revoked_by_person', by: 'person' });
    const browser = bridge.browser();
    await open(browser);
    const { html: text } = await browser.get('/connected-apps/record');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ kind }) => kind)).toEqual(['grant_created', 'grant_ended', 'receipt']);
    expect(lines[1]).toMatchObject({ by: 'person', grant, data: { reason: 'revoked_by_person' } });
    expect(lines[2]).toMatchObject({
      ...receipt,
      at: receipt!.effectiveAt,
      of: 'grant_ended',
      reason: 'revoked_by_person',
    });
  });

  test('what concerned all of an app or a partner has its receipt, in the record of whoever had a grant then', async () => {
    await bridge.signIn();
    const endings = bridge.app.get(Endings);
    await endings.setAppCeiling({ app: 'tunebox-desktop', scopes: ['messages.read'], by: 'olga' });
    const partner = (await run(sql`select partner from app where client_id = 'tunebox-desktop'`)).rows as {
      partner: string;
    }[];
    const receipt = await endings.endPartner({ partner: partner[0]!.partner, status: 'suspended', by: 'olga' });
    await run(sql`update partner set status = 'approved'`);
    await run(sql`update app set scopes = ${[...SCOPES]}::text[] where client_id = 'tunebox-desktop'`);
    await run(sql`delete from consent_feed where kind = 'app_narrowed'`);
    await bridge.signIn();
    const receiptsOf = async (login: string) => {
      const browser = bridge.browser();
      await open(browser, login);
      const lines = (await browser.get('/connected-apps/record')).html.trimEnd().split('\n');
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ kind }) => kind === 'receipt');
    };
    expect(await receiptsOf('alice')).toEqual([
      expect.objectContaining({ of: 'app_narrowed', scopes: ['messages.read'], app: expect.anything() }),
      expect.objectContaining({
        of: 'partner_suspended',
        effectiveAt: receipt!.effectiveAt,
        partner: expect.anything(),
      }),
    ]);
    expect((await receiptsOf('alice'))[1]).not.toHaveProperty('connectionsClosed');
    await bridge.signIn({ login: 'bob' });
    expect(await receiptsOf('bob')).toEqual([]);
  });

  test('a download of many lines comes whole, in order, each line once; and without a session it leads to the sign-in', async () => {
    const { grant } = await bridge.signIn();
    await run(sql`insert into access_page (at, grant_id, person, command, conversations, from_positions, to_positions)
      select clock_timestamp() - make_interval(secs => 2000 - n / 7), ${grant}, ${alice}, 'conversation.history',
             array[${ONE}::uuid], array[n::bigint], array[n::bigint] from generate_series(1, 1700) n`);
    // All at the very same time.
    await run(sql`insert into access_page (at, grant_id, person, command, conversations, from_positions, to_positions)
      select statement_timestamp(), ${grant}, ${alice}, 'conversation.history',
             array[${TWO}::uuid], array[n::bigint], array[n::bigint] from generate_series(1701, 3000) n`);
    const browser = bridge.browser();
    await open(browser);
    const { html: text } = await browser.get('/connected-apps/record');
    const pages = text.split('\n').flatMap((line) => (line.includes('page_shown') ? [JSON.parse(line)] : []));
    expect(pages.map(({ messages }) => messages[0].from)).toEqual(Array.from({ length: 3_000 }, (_, n) => n + 1));
    const stranger = await bridge.browser().get('/connected-apps/record');
    expect(stranger.url.pathname).toBe('/connected-apps');
    expect(stranger.html).toContain('Sign in to see which apps');
  });
});

describe('A download whose reader does not read', () => {
  test('waits with the rest, is the only one of its person, and gives way when the reader goes (I9)', async () => {
    await using bridge = await AuthorityHarness.start('postgres');
    const alice = (await new People(bridge.database).byId('alice'))!.key;
    const { grant } = await bridge.signIn();
    await sql`insert into access_page (grant_id, person, command, conversations, from_positions, to_positions)
      select ${grant}, ${alice}, 'conversation.history', array[${ONE}::uuid], array[n::bigint], array[n::bigint]
      from generate_series(1, 100000) n`.execute(bridge.database.tables());
    const cookie = `drawbridge_connected_apps=${await bridge.app.get(PersonSessions).start(alice)}`;
    const leaving = new AbortController();
    const ask = (signal?: AbortSignal) =>
      fetch(`${bridge.origin}/connected-apps/record`, { headers: { cookie }, ...(signal ? { signal } : {}) });
    const unread = await ask(leaving.signal);
    expect(unread.status).toBe(200);
    const second = await ask();
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '5']);
    leaving.abort();
    for (;;) {
      const third = await ask();
      const text = await third.text();
      if (third.status === 503) continue;
      expect(text.trimEnd().split('\n')).toHaveLength(100_001);
      return;
    }
  });
});

describe('The sentence about what an app read', () => {
  const now = new Date('2026-11-23T12:00:00Z');
  const grant = { appName: 'Tunebox', scopes: ['messages.read'] as const };
  const usage: Usage = { messages: 214, conversations: 3, more: false, atMost: false, last: null, connected: false };

  test.each([
    ['2026-11-23T15:04:59Z', 'Tunebox read 214 messages in 3 conversations this week, last today at 15:04 UTC.'],
    ['2026-11-22T23:59:00Z', 'Tunebox read 214 messages in 3 conversations this week, last yesterday at 23:59 UTC.'],
    [
      '2026-11-17T00:00:00Z',
      'Tunebox read 214 messages in 3 conversations this week, last on 17 November at 00:00 UTC.',
    ],
  ])('with the last of them at %s', (last, sentence) => {
    const said = usageSentences(en, { ...grant, scopes: [...grant.scopes] }, { ...usage, last: new Date(last) }, now);
    expect(shownText({ html: renderToString(h('p', null, said)) }).trim()).toBe(sentence);
  });
});
