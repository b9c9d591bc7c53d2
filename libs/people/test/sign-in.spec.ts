import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import {
  type KnownBrowser,
  PERSON_SESSION_LIMITS,
  People,
  PersonSessions,
  SIGN_IN_LIMITS,
  SignIn,
} from '../src/index.js';

describe.each(everyDatabase)('The built-in sign-in on %s', (kind) => {
  let database: Database;
  let people: People;
  let signIn: SignIn;

  beforeEach(async () => {
    database = await testDatabase(kind);
    people = new People(database);
    signIn = new SignIn(database);
    await people.put({ id: 'p-1', handle: 'ada', name: 'Ada', login: 'ada@example.org', password: 'correct' });
  });
  afterEach(() => database[Symbol.asyncDispose]());

  interface From {
    login?: string;
    address?: string;
    browser?: KnownBrowser;
  }
  const attempt = (password: string, { login = 'ada@example.org', address = '192.0.2.1', browser }: From = {}) =>
    signIn.attempt({ login, password, address, browser });
  const movePast = (ms: number) =>
    sql`update sign_in_failure set at = at - ${ms} * interval '1 ms'`.execute(database.tables());

  test('takes the right password, in any spelling of the login', async () => {
    const person = { id: 'p-1', handle: 'ada', name: 'Ada' };
    expect(await attempt('correct')).toMatchObject({ person });
    expect(await attempt('correct', { login: '  ADA@Example.org ' })).toMatchObject({ person });
  });

  test('answers a wrong password and a login nobody has with the same word', async () => {
    expect(await attempt('wrong')).toEqual({ refused: 'wrong' });
    expect(await attempt('wrong', { login: 'nobody' })).toEqual({ refused: 'wrong' });
  });

  test('refuses even the right password after 10 failures of a login, until the oldest is 15 minutes old (I9)', async () => {
    for (let i = 0; i < SIGN_IN_LIMITS.failuresPerLogin; i++) {
      expect(await attempt('wrong', { address: `192.0.2.${i}` })).toEqual({ refused: 'wrong' });
    }
    const limited = await attempt('correct');
    expect(limited).toMatchObject({ refused: 'limited' });
    const { retryAfterMs = 0 } = limited as { retryAfterMs?: number };
    expect(retryAfterMs).toBeGreaterThan(SIGN_IN_LIMITS.windowMs - 60_000);
    expect(retryAfterMs).toBeLessThanOrEqual(SIGN_IN_LIMITS.windowMs);
    await movePast(SIGN_IN_LIMITS.windowMs);
    expect(await attempt('correct')).toMatchObject({ person: { id: 'p-1' } });
  });

  test('refuses an address after 50 failures, whatever the logins, and counts an IPv6 /64 as one address (I9)', async () => {
    for (let i = 0; i < SIGN_IN_LIMITS.failuresPerAddress; i += 10) {
      await Promise.all(
        Array.from({ length: 10 }, (_, j) =>
          attempt('wrong', { login: `who-${i + j}`, address: `2001:db8:0:7::${i + j}` }),
        ),
      );
    }
    expect(await attempt('correct', { address: '2001:db8:0:7:ffff::1' })).toMatchObject({ refused: 'limited' });
    expect(await attempt('correct', { address: '2001:db8:0:8::1' })).toMatchObject({ person: { id: 'p-1' } });
  });

  test('lets no more than 10 guesses through when all come at once (I9)', async () => {
    const results = await Promise.all(Array.from({ length: 25 }, () => attempt('wrong')));
    expect(results.filter((result) => 'refused' in result && result.refused === 'wrong')).toHaveLength(10);
  });

  test('strangers who fail keep nobody out of a browser that knows them, which has 10 failures of its own (I9)', async () => {
    const ada = (await people.byId('p-1'))!.key;
    await people.put({ id: 'p-2', handle: 'bea', name: 'Bea', login: 'bea', password: 'another' });
    const browser = { id: 'a-browser', knows: (person: number) => person === ada };
    // From the same address, which is refused too by then.
    for (let i = 0; i < SIGN_IN_LIMITS.failuresPerLogin; i++) await attempt('wrong');
    for (let i = 0; i < SIGN_IN_LIMITS.failuresPerAddress; i++) await attempt('wrong', { login: `who-${i}` });
    expect(await attempt('correct')).toMatchObject({ refused: 'limited' });
    expect(await attempt('correct', { browser })).toMatchObject({ person: { id: 'p-1' } });
    // It is nothing to anybody else, whether there is such a login or not.
    for (const login of ['bea', 'nobody'])
      expect(await attempt('another', { login, browser })).toMatchObject({ refused: 'limited' });
    const answers = [];
    for (let i = 0; i <= SIGN_IN_LIMITS.failuresPerKnownBrowser; i++) answers.push(await attempt('wrong', { browser }));
    expect(answers.slice(0, -1)).toEqual(Array(SIGN_IN_LIMITS.failuresPerKnownBrowser).fill({ refused: 'wrong' }));
    expect(answers.at(-1)).toMatchObject({ refused: 'limited' });
    const another = { ...browser, id: 'another-browser' };
    expect(await attempt('correct', { browser: another })).toMatchObject({ person: { id: 'p-1' } });
  });

  test('keeps neither logins nor addresses in its list of failures', async () => {
    await attempt('wrong', { login: 'my-secret-password', address: '192.0.2.77' });
    const { rows } = await sql<{ subject: string }>`select subject from sign_in_failure`.execute(database.tables());
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toMatch(/my-secret-password|192\.0\.2\.77/);
  });

  describe('and the sessions of Connected apps', () => {
    let sessions: PersonSessions;
    let key: number;
    beforeEach(async () => {
      sessions = new PersonSessions(database);
      key = (await people.byId('p-1'))!.key;
    });

    test('end after 15 minutes without a request', async () => {
      const token = await sessions.start(key);
      const age = (ms: number) =>
        sql`update person_session set last_seen_at = last_seen_at - ${ms} * interval '1 ms'`.execute(database.tables());
      await age(PERSON_SESSION_LIMITS.idleMs - 60_000);
      expect(await sessions.find(token)).toMatchObject({ id: 'p-1' });
      await age(PERSON_SESSION_LIMITS.idleMs - 60_000);
      expect(await sessions.find(token)).toMatchObject({ id: 'p-1' });
      await age(PERSON_SESSION_LIMITS.idleMs);
      expect(await sessions.find(token)).toBeUndefined();
    });

    test('end with a new password, and are kept by a hash only', async () => {
      const token = await sessions.start(key);
      const { rows } = await sql<{ token_hash: string }>`select token_hash from person_session`.execute(
        database.tables(),
      );
      expect(rows[0]?.token_hash).not.toBe(token);
      await people.put({ id: 'p-1', handle: 'ada', name: 'Ada', password: 'another' });
      expect(await sessions.find(token)).toBeUndefined();
      expect(await attempt('correct')).toEqual({ refused: 'wrong' });
      expect(await attempt('another')).toMatchObject({ person: { id: 'p-1' } });
    });
  });
});
