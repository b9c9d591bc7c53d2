import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { type Attempt, Dispatcher, Outbox, type OutboxEvent } from '../src/index.js';

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

  dispatcher(over: { parkAfterMs?: number } = {}): Dispatcher {
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
    const dispatcher = told.dispatcher();
    dispatcher.start();
    await told.until(() => told.took.length === 50_000);
    await dispatcher.stop();
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
