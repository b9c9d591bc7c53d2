import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { type Sender, type Step, TRIM_LIMITS, trimming, Upkeep } from '../src/index.js';
import { count, makeDirect, makePeople, recordingMessaging, text } from './fixture.js';

const KEPT = { days: 30, entries: 100_000 };

describe.each(everyDatabase)('What is no longer kept of mailboxes, on %s', (kind) => {
  let database: Database;
  let alice: Sender;
  let bob: Sender;
  let carol: Sender;

  beforeAll(async () => {
    database = await testDatabase(kind);
    [alice, bob, carol] = (await makePeople(database, ['alice', 'bob', 'carol'])) as [Sender, Sender, Sender];
    const { messaging } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, alice, bob);
    for (let n = 0; n < 9; n++) await messaging.send(alice, text(n, conversation));
    await makeDirect(messaging, alice, carol);
  });
  afterAll(() => database.close());

  /** As if they had been written so many days ago. */
  const age = (owner: Sender, upTo: number, days: number) =>
    sql`update mailbox_entry set day = current_date - date '2000-01-01' - ${days}::integer
        where owner = ${owner.key} and seq <= ${upTo}`.execute(database.tables());

  const round = async (keeping = KEPT): Promise<number> => {
    const chore = trimming(database, keeping);
    let removed = 0;
    for (let place: string | undefined = ''; place !== undefined; ) {
      const step: Step = await chore.step(place);
      removed += step.removed;
      place = step.next;
    }
    return removed;
  };

  const kept = async (owner: Sender) => {
    const { messaging } = recordingMessaging(database);
    const [events = []] = await messaging.read([{ owner: owner.key, after: 0, limit: 256 }]);
    const { head, trimmed } = (await messaging.heads([owner.key])).get(owner.key)!;
    return { seqs: events.map(({ seq }) => seq), head, trimmed };
  };

  test('nothing goes that is new enough, to the day', async () => {
    await age(bob, 4, 30);
    expect(await round()).toBe(0);
    expect(await kept(bob)).toEqual({ seqs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], head: 10, trimmed: 0 });
  });

  test('what is too old goes from the front, of that mailbox alone, and `trimmed` tells so; messages stay', async () => {
    await age(bob, 4, 31);
    const messages = await count(database, 'message');
    expect(await round()).toBe(4);
    expect(await kept(bob)).toEqual({ seqs: [5, 6, 7, 8, 9, 10], head: 10, trimmed: 4 });
    expect((await kept(alice)).trimmed).toBe(0);
    expect(await count(database, 'message')).toBe(messages);
    expect(await round()).toBe(0);
  });

  test('what is too many goes from the front', async () => {
    expect(await round({ days: 30, entries: 3 })).toBe(8 + 3);
    expect(await kept(alice)).toEqual({ seqs: [9, 10, 11], head: 11, trimmed: 8 });
    expect(await kept(bob)).toEqual({ seqs: [8, 9, 10], head: 10, trimmed: 7 });
    expect((await kept(carol)).seqs).toEqual([1]);
  });

  test('all of it may go, and what comes after is there', async () => {
    await age(carol, 1, 400);
    expect(await round()).toBe(1);
    expect(await kept(carol)).toEqual({ seqs: [], head: 1, trimmed: 1 });
    const { messaging } = recordingMessaging(database);
    await messaging.send(alice, { to: carol.id, text: 'later', clientId: crypto.randomUUID() });
    expect(await kept(carol)).toEqual({ seqs: [2], head: 2, trimmed: 1 });
  });

  test('no step removes more than it may, however much there is, and a process that died half way is followed by another (I9)', async () => {
    const much = TRIM_LIMITS.entries * 2 + 5;
    const { messaging } = recordingMessaging(database);
    const { head } = (await messaging.heads([carol.key])).get(carol.key)!;
    await sql`with more as (
        insert into mailbox_entry (owner, seq, kind, day, conversation, subject)
        select e.owner, e.seq + n, e.kind, 0, e.conversation, e.subject
          from mailbox_entry e, generate_series(1, ${much}::integer) n where owner = ${carol.key} and seq = ${head}
      ) update mailbox set head = head + ${much} where owner = ${carol.key}`.execute(database.tables());
    await age(carol, head, 400);
    const step = await trimming(database, KEPT).step('');
    expect(step.removed).toBe(TRIM_LIMITS.entries);
    expect(step.next).toBeDefined();
    // It raised, and died before it removed.
    await sql`update mailbox set trimmed = trimmed + 7 where owner = ${carol.key}`.execute(database.tables());
    expect(await round()).toBe(much + 1 - TRIM_LIMITS.entries);
    expect(await kept(carol)).toMatchObject({ seqs: [], trimmed: head + much });
  });

  test('one process at a time does it, and then nobody until it is due again', async () => {
    const steps: string[] = [];
    const upkeep = () =>
      new Upkeep({
        database,
        chores: [
          {
            name: 'a chore',
            async step(place) {
              steps.push(place);
              // Another process looks meanwhile.
              if (steps.length < 3) expect(await upkeep().look()).toEqual([]);
              return steps.length < 3 ? { next: `${steps.length}`, removed: 2 } : { removed: 1 };
            },
          },
        ],
        onRun: () => {},
        onProblem: (problem, error) => {
          throw new Error(problem, { cause: error });
        },
      });
    expect(await upkeep().look()).toMatchObject([{ chore: 'a chore', removed: 5 }]);
    expect(steps).toEqual(['', '1', '2']);
    expect(await upkeep().look()).toEqual([]);
    await sql`update messaging_upkeep set due_at = clock_timestamp()`.execute(database.tables());
    expect(await upkeep().look()).toMatchObject([{ removed: 1 }]);
    expect(steps.at(-1)).toBe('');
  });
});

describe('Trimming beside sends, on postgres', () => {
  let database: Database;

  beforeAll(async () => {
    database = await testDatabase('postgres');
  });
  afterAll(() => database.close());

  /** Ten entries of each, all too old. */
  const old = async (...ids: string[]) => {
    const [a, b] = (await makePeople(database, ids)) as [Sender, Sender];
    const { messaging } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, a, b);
    for (let n = 0; n < 9; n++) await messaging.send(a, text(n, conversation));
    await sql`update mailbox_entry set day = 0 where owner in (${a.key}, ${b.key})`.execute(database.tables());
    const trimmed = async () => {
      const heads = await messaging.heads([a.key, b.key]);
      return [a, b].map(({ key }) => heads.get(key)!.trimmed);
    };
    return { a, b, conversation, messaging, trimmed };
  };

  /** Statements that wait for somebody's lock. */
  const waiting = async () => {
    const { rows } = await sql<{ n: number }>`
      select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
      database.control(),
    );
    return rows[0]!.n;
  };

  test('a mailbox that a send has locked is passed over, and is trimmed the next time', async () => {
    const { a, b, trimmed } = await old('alice', 'bob');
    const chore = trimming(database, KEPT);
    await database
      .tables()
      .transaction()
      .execute(async (send) => {
        await sql`select from mailbox where owner = ${b.key} for no key update`.execute(send);
        await chore.step(`${a.key - 1}`);
        expect(await trimmed()).toEqual([10, 0]);
      });
    await chore.step(`${a.key - 1}`);
    expect(await trimmed()).toEqual([10, 10]);
  });

  test('while entries are removed, however long that takes, sends to those very mailboxes are stored; and `trimmed` tells of them already (I3, I4)', async () => {
    const { a, b, conversation, messaging, trimmed } = await old('carol', 'dave');
    const { step } = await database
      .tables()
      .transaction()
      .execute(async (reader) => {
        await sql`select from mailbox_entry where owner = ${b.key} and seq = 3 for update`.execute(reader);
        const step = trimming(database, KEPT).step(`${a.key - 1}`);
        while ((await waiting()) === 0) await new Promise((resolve) => setImmediate(resolve));
        expect(await trimmed()).toEqual([10, 10]);
        const { rows } = await sql<{ n: number }>`
          select count(*) as n from mailbox_entry where owner = ${b.key}`.execute(database.control());
        expect(rows).toEqual([{ n: 10 }]);
        // The removal waits all the time, and no send does.
        for (let n = 0; n < 20; n++) await messaging.send(n % 2 ? a : b, text(`beside ${n}`, conversation));
        expect(await waiting()).toBe(1);
        return { step };
      });
    expect(await step).toMatchObject({ removed: 20 });
    const [events = []] = await messaging.read([{ owner: b.key, after: 10, limit: 100 }]);
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, n) => 11 + n));
  });

  test('four writers and a trimming that never rests: none fails, no hole behind `trimmed` (I3, I4)', async () => {
    const { a, b, conversation, messaging } = await old('erin', 'frank');
    const { logged } = recordingMessaging(database);
    let done = false;
    const chore = trimming(database, { days: 30, entries: 5 });
    const trim = async () => {
      while (!done) await chore.step(`${a.key - 1}`);
    };
    const write = async (from: Sender, writer: number) => {
      const own = recordingMessaging(database);
      for (let n = 0; n < 60; n++) await own.messaging.send(from, text(`${writer} ${n}`, conversation));
      logged.push(...own.logged);
    };
    const trims = trim();
    await Promise.all([write(a, 0), write(b, 1), write(a, 2), write(b, 3)]).finally(() => {
      done = true;
    });
    await trims;
    expect(logged).toEqual([]);
    for (const { key } of [a, b]) {
      const { head, trimmed } = (await messaging.heads([key])).get(key)!;
      expect(head).toBe(10 + 240);
      expect(trimmed).toBeGreaterThan(10);
      const [events = []] = await messaging.read([{ owner: key, after: trimmed, limit: 256 }]);
      expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: head - trimmed }, (_, n) => trimmed + 1 + n));
    }
  });
});
