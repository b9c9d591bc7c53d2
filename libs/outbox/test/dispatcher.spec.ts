import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { type Attempt, DISPATCH_LIMITS, Dispatcher, Outbox, type OutboxEvent } from '../src/index.js';

let database: Database;
let outbox: Outbox;
beforeAll(async () => {
  database = await testDatabase('postgres');
  outbox = new Outbox(database);
});
afterAll(() => database?.close());
beforeEach(() => sql`delete from outbox_event`.execute(database.tables()));

function add(...events: readonly [key: string, subject: string][]): Promise<unknown> {
  return sql`
    insert into outbox_event (key, type, subject)
    select x->>0, 'happened', x->>1 from jsonb_array_elements(${JSON.stringify(events)}::text::jsonb) with ordinality as e(x, ord)
     order by ord`.execute(database.tables());
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapAfterCollection(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** A receiver that answers as it is told to, and notes what it took. */
class Told {
  readonly took: string[] = [];
  readonly parked: string[] = [];
  readonly problems: unknown[] = [];
  tried = 0;
  down = 0;
  up = 0;
  answer: (event: OutboxEvent) => Attempt | Promise<Attempt> = () => ({ told: true });
  private waiters: (() => void)[] = [];

  dispatcher(over: { parkAfterMs?: number; nowMs?: () => number } = {}): Dispatcher {
    return new Dispatcher({
      outbox,
      tell: async (event) => {
        this.tried += 1;
        const attempt = await this.answer(event);
        if (attempt.told) this.took.push(event.subject);
        for (const wake of this.waiters.splice(0)) wake();
        return attempt;
      },
      onProblem: (problem, error) => this.problems.push(problem, error),
      onDown: () => this.down++,
      onUp: () => this.up++,
      onParked: ({ subject }) => {
        this.parked.push(subject);
        for (const wake of this.waiters.splice(0)) wake();
      },
      ...over,
    });
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }
}

describe('The dispatcher', () => {
  test('tells of 50,000 events that wait, those of one key in their order, and keeps none of them (I3, I9)', async () => {
    await sql`
      insert into outbox_event (key, type, subject) select 'k' || n % 700, 'happened', n::text from generate_series(1, 50000) n`.execute(
      database.tables(),
    );
    const told = new Told();
    const heapBytes: number[] = [];
    told.answer = () => {
      if (told.tried % 10_000 === 0) heapBytes.push(heapAfterCollection());
      return { told: true };
    };
    const dispatcher = told.dispatcher();
    const startedAt = performance.now();
    dispatcher.start();
    await told.until(() => told.took.length === 50_000);
    await dispatcher.stop();
    console.info(
      `50,000 events in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s; heap ${heapBytes.map((bytes) => (bytes / 1e6).toFixed(1)).join(', ')} MB`,
    );
    // The subjects that this test keeps are 2 MB; the events themselves would be 20.
    expect(heapBytes).toHaveLength(5);
    expect(Math.max(...heapBytes) - heapBytes[0]!).toBeLessThan(8_000_000);
    const last = new Map<number, number>();
    for (const subject of told.took.map(Number)) {
      expect(subject).toBeGreaterThan(last.get(subject % 700) ?? 0);
      last.set(subject % 700, subject);
    }
    expect(await outbox.state()).toMatchObject({ waiting: 0, parked: 0 });
    expect(told.problems).toEqual([]);
  });

  test('a key that fails holds up itself and nobody else', async () => {
    await add(['bad', 'b1'], ['bad', 'b2'], ['good', 'g1'], ['good', 'g2']);
    const told = new Told();
    let refusals = 0;
    told.answer = ({ subject }) =>
      subject === 'b1' && refusals++ < 1 ? { told: false, error: 'answered 500' } : { told: true };
    const dispatcher = told.dispatcher();
    dispatcher.start();
    await told.until(() => told.took.length === 4);
    await dispatcher.stop();
    expect(told.took).toEqual(['g1', 'g2', 'b1', 'b2']);
  });

  test('one whose answers are slow holds up nobody else’s, and its own go on in order', async () => {
    // More of them than may be told of at once.
    const slow = DISPATCH_LIMITS.atOnce + 4;
    for (const n of ['1', '2'])
      await add(...Array.from({ length: slow }, (_, k): [string, string] => [`slow${k}`, `s${k}.${n}`]));
    await add(...Array.from({ length: 40 }, (_, k): [string, string] => [`quick${k}`, `q${k}`]));
    const told = new Told();
    const { promise: answered, resolve: answer } = Promise.withResolvers<Attempt>();
    told.answer = ({ subject }) => (subject.startsWith('s') ? answered : { told: true });
    const dispatcher = told.dispatcher();
    dispatcher.start();
    await told.until(() => told.took.length === 40);
    expect(told.took.every((subject) => subject.startsWith('q'))).toBe(true);
    expect(told.tried).toBe(40 + slow);
    answer({ told: true });
    await told.until(() => told.took.length === 40 + 2 * slow);
    await dispatcher.stop();
    for (let k = 0; k < slow; k++)
      expect(told.took.filter((subject) => subject.startsWith(`s${k}.`))).toEqual([`s${k}.1`, `s${k}.2`]);
  });

  test('what fails is tried after 1 s, 5 s, … and then each hour, for three days, and listed with its next attempt', async () => {
    await add(['k', 'never'], ['k', 'next']);
    let passedMs = 0;
    const told = new Told();
    told.answer = ({ subject }) => (subject === 'never' ? { told: false, error: 'answered 500' } : { told: true });
    const dispatcher = told.dispatcher({ nowMs: () => performance.now() + passedMs });
    dispatcher.start();
    const failures = async (count: number) => {
      for (;;) {
        const [event] = await outbox.failing(1);
        if (told.parked.length > 0 || event?.attempts === count) return event;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const pausesMs: number[] = [];
    for (let count = 1; ; count++) {
      const event = await failures(count);
      if (!event) break;
      expect(event).toMatchObject({ type: 'happened', key: 'k', subject: 'never', lastError: 'answered 500' });
      const pauseMs = event.nextTryAt!.getTime() - Date.now();
      pausesMs.push(pauseMs);
      // The others go on, so that the receiver does not count as down.
      await add(['other', `other ${count}`]);
      dispatcher.nudge();
      await told.until(() => told.took.includes(`other ${count}`));
      await sql`update outbox_event set first_tried_at = first_tried_at - ${pauseMs}::double precision * interval '1 ms'
                 where subject = 'never'`.execute(database.tables());
      passedMs += pauseMs;
      dispatcher.nudge();
    }
    await told.until(() => told.took.includes('next'));
    await dispatcher.stop();
    const wantedMs = DISPATCH_LIMITS.pausesMs;
    for (const [n, pauseMs] of pausesMs.entries()) {
      const wanted = wantedMs[Math.min(n, wantedMs.length - 1)]!;
      // A fifth more or less, so that not all come at one moment; and what has passed since.
      expect(pauseMs).toBeLessThanOrEqual(1.2 * wanted);
      expect(pauseMs).toBeGreaterThan(0.8 * wanted - 30_000);
    }
    expect(pausesMs.length).toBeGreaterThan(60);
    expect(passedMs).toBeGreaterThanOrEqual(DISPATCH_LIMITS.parkAfterMs - 60_000);
    expect(passedMs).toBeLessThan(DISPATCH_LIMITS.parkAfterMs + 1.3 * 3_600_000);
    expect(told.parked).toEqual(['never']);
    expect(await outbox.parked(10)).toMatchObject([{ subject: 'never', attempts: pausesMs.length + 1 }]);
  });

  test('a receiver that is down is asked with one event at a time, and then everything goes on', async () => {
    await add(...Array.from({ length: 40 }, (_, n): [string, string] => [`k${n}`, String(n)]));
    const told = new Told();
    told.answer = () => ({ told: false, error: 'cannot be reached' });
    const dispatcher = told.dispatcher();
    dispatcher.start();
    // What was under way at once has failed; what comes then is the first to ask whether it still is down.
    await told.until(() => dispatcher.isDown);
    const { tried } = told;
    await told.until(() => told.tried > tried);
    expect(told.tried).toBe(tried + 1);
    told.answer = () => ({ told: true });
    await told.until(() => told.took.length === 40);
    await dispatcher.stop();
    expect([told.down, told.up]).toEqual([1, 1]);
    expect(await outbox.state()).toMatchObject({ waiting: 0, failing: 0 });
  });

  test('events that are refused for what is in them do not make it down for everybody, however many and however old they are', async () => {
    await add(...Array.from({ length: 8 }, (_, n): [string, string] => [`poison${n}`, 'refused']));
    const told = new Told();
    told.answer = ({ subject }) => (subject === 'refused' ? { told: false, error: 'answered 500' } : { told: true });
    const dispatcher = told.dispatcher();
    dispatcher.start();
    await told.until(() => dispatcher.isDown);
    await add(...Array.from({ length: 20 }, (_, n): [string, string] => [`k${n}`, String(n)]));
    await told.until(() => told.took.length === 20);
    // They are tried again, all at once, and it is not down for that.
    await told.until(() => told.tried >= 8 + 20 + 8);
    expect(dispatcher.isDown).toBe(false);
    await add(['k', '20']);
    await told.until(() => told.took.length === 21);
    await dispatcher.stop();
    expect([told.down, told.up]).toEqual([1, 1]);
    expect(await outbox.state()).toMatchObject({ waiting: 8, failing: 8 });
  });

  test('what could not be told for too long is parked, listed, and told after all when it is replayed', async () => {
    await add(['k', 'never'], ['k', 'next']);
    const told = new Told();
    told.answer = ({ subject }) => (subject === 'never' ? { told: false, error: 'answered 410' } : { told: true });
    const dispatcher = told.dispatcher({ parkAfterMs: 0 });
    dispatcher.start();
    await told.until(() => told.took.includes('next'));
    expect(told.parked).toEqual(['never']);
    const [parked] = await outbox.parked(10);
    expect(parked).toMatchObject({ subject: 'never', lastError: 'answered 410', attempts: 1 });
    told.answer = () => ({ told: true });
    expect(await outbox.replay([parked!.id])).toBe(1);
    await told.until(() => told.took.includes('never'));
    await dispatcher.stop();
  });

  test('of two processes one tells, and the other goes on when it has stopped', async () => {
    await add(['k', '1']);
    const [first, second] = [new Told(), new Told()];
    const leader = first.dispatcher();
    leader.start();
    await first.until(() => first.took.length === 1);
    const follower = second.dispatcher();
    follower.start();
    await add(['k', '2']);
    await first.until(() => first.took.length === 2);
    await leader.stop();
    await add(['k', '3']);
    await second.until(() => second.took.length === 1);
    await follower.stop();
    expect([first.took, second.took]).toEqual([['1', '2'], ['3']]);
  });
});

describe.each(everyDatabase)('The outbox on %s', (kind) => {
  test('keeps nothing where nobody wants to be told', async () => {
    await using own = await testDatabase(kind);
    const box = new Outbox(own);
    expect(await box.setWanted(true)).toBe(false);
    expect(await box.setWanted(false)).toBe(true);
    expect(await box.state()).toMatchObject({ wanted: false, waiting: 0, oldestAt: null, lastError: null });
  });
});
