import type { SharedBuckets, Spent } from '@drawbridge/bus';
import { Bucket, rateOf } from './bucket.js';
import { Buckets } from './buckets.js';
import { Pace, RATE_LIMITS, RateLimits, type RateLimitsOptions } from './rate-limits.js';

const RATES = {
  commandsPerS: 10,
  sendsPerS: 2,
  appSendsPerS: 15,
  conversationsPerMin: 6,
  contactsPerMin: 60,
  pagesPerMin: 90,
  opensPerMin: 30,
};
const SENDS_AT_ONCE = RATES.sendsPerS * RATE_LIMITS.sendsBurstS;

/** A clock that stands still until it is moved. */
class Clock {
  ms = 123_456.789;
  readonly now = () => this.ms;
}

/** What Redis does with the buckets, on a clock of its own. */
class Shared implements SharedBuckets {
  readonly fullAt = new Map<string, number>();
  readonly asked: (readonly Spent[])[] = [];
  answer: Promise<void> = Promise.resolve();

  constructor(private readonly clock: Clock) {}

  async spend(spent: readonly Spent[]): Promise<number[]> {
    this.asked.push(spent);
    await this.answer;
    return spent.map(({ key, tokens, msEach, maxMs }) => {
      const now = this.clock.ms;
      const fullAt = Math.max(this.fullAt.get(key) ?? now, now) + tokens * msEach;
      this.fullAt.set(key, Math.min(fullAt, now + maxMs));
      return this.fullAt.get(key)! - now;
    });
  }
}

function limitsOn(clock: Clock, options: Partial<RateLimitsOptions> = {}): RateLimits {
  return new RateLimits({ ...RATES, key: Buffer.alloc(32), ...options }, clock.now);
}

/** Takes until one is refused; gives how many were taken. */
function takeAll(take: () => number): number {
  for (let taken = 0; ; taken++) if (take() > 0) return taken;
}

describe('Limits of what may be done in a time', () => {
  let clock: Clock;
  beforeEach(() => {
    clock = new Clock();
  });

  test('take a burst, and then as many as come in the time (I9)', () => {
    const limits = limitsOn(clock);
    const pace = new Pace();
    expect(takeAll(() => limits.command(pace))).toBe(RATES.commandsPerS * RATE_LIMITS.commandsBurstS);
    clock.ms += 1_000;
    expect(takeAll(() => limits.command(pace))).toBe(RATES.commandsPerS);
    // However long nobody comes, a burst is a burst.
    clock.ms += 3_600_000;
    expect(takeAll(() => limits.command(pace))).toBe(RATES.commandsPerS * RATE_LIMITS.commandsBurstS);
    expect(limits.refusals.commands).toBe(3);
  });

  test('say exactly when the next one is taken, and each of many who are refused has a time of its own', () => {
    const limits = limitsOn(clock);
    for (let n = 0; n < SENDS_AT_ONCE; n++) expect(limits.send(1, 'app')).toBe(0);
    clock.ms += 100;
    const first = limits.send(1, 'app');
    expect(first).toBe(1_000 / RATES.sendsPerS - 100);
    clock.ms += first - 2;
    expect(limits.send(1, 'app')).toBeGreaterThan(0);
    clock.ms += 2;
    expect(limits.send(1, 'app')).toBe(0);
    clock.ms += 60_000;
    for (let n = 0; n < SENDS_AT_ONCE; n++) expect(limits.send(1, 'app')).toBe(0);
    const told = Array.from({ length: 10 }, () => limits.send(1, 'app'));
    const asked = clock.ms;
    for (const ms of told) {
      clock.ms = asked + ms;
      expect(limits.send(1, 'app')).toBe(0);
    }
    expect(limits.send(1, 'app')).toBeGreaterThan(0);
  });

  test('tell nobody to come back later than the burst and ten seconds, whoever does not listen', () => {
    const bucket = new Bucket();
    const rate = rateOf(1, 5);
    for (let n = 0; n < 1_000; n++) {
      const waitMs = bucket.waitMs(rate, clock.ms);
      if (waitMs > 0) expect(bucket.refuse(rate, clock.ms, waitMs)).toBeLessThanOrEqual(11_000);
      else bucket.take(rate, clock.ms);
    }
  });

  test('are of a person and of an app: what one refuses counts for neither', () => {
    const limits = limitsOn(clock);
    const appAtOnce = RATES.appSendsPerS * RATE_LIMITS.appSendsBurstS;
    expect(takeAll(() => limits.send(1, 'app'))).toBe(SENDS_AT_ONCE);
    expect(takeAll(() => limits.send(2, 'app'))).toBe(appAtOnce - SENDS_AT_ONCE);
    expect(takeAll(() => limits.send(2, 'other'))).toBe(SENDS_AT_ONCE);
    expect(takeAll(() => limits.conversation(1, 'app'))).toBe(RATES.conversationsPerMin);
    expect(takeAll(() => limits.contactsPage('grant', 1))).toBe(RATES.contactsPerMin);
    expect(takeAll(() => limits.messagesPage('grant', 1))).toBe(RATES.pagesPerMin);
    expect(takeAll(() => limits.opening('grant', 'alice'))).toBe(RATES.opensPerMin);
    expect(limits.refusals).toMatchObject({ sends: 2, app_sends: 1, conversations: 1, contacts: 1 });
  });

  test('are of each app of a person: one that sends without end keeps the person from nothing in another', () => {
    const limits = limitsOn(clock);
    for (let n = 0; n < 1_000; n++) {
      limits.send(1, 'flooding');
      limits.conversation(1, 'flooding');
    }
    expect(takeAll(() => limits.send(1, 'app'))).toBe(SENDS_AT_ONCE);
    expect(takeAll(() => limits.conversation(1, 'app'))).toBe(RATES.conversationsPerMin);
  });

  test('are of a person in all too: whoever signs in a hundred times has five budgets and not a hundred', () => {
    const limits = limitsOn(clock);
    const taken = [0, 0, 0, 0];
    for (let n = 0; n < 100; n++) {
      taken[0]! += takeAll(() => limits.messagesPage(`grant ${n}`, 1));
      taken[1]! += takeAll(() => limits.opening(`grant ${n}`, 'alice'));
      taken[2]! += takeAll(() => limits.contactsPage(`grant ${n}`, 1));
      taken[3]! += takeAll(() => limits.send(1, `app ${n}`));
    }
    const { personTimes } = RATE_LIMITS;
    expect(taken).toEqual(
      [RATES.pagesPerMin, RATES.opensPerMin, RATES.contactsPerMin, SENDS_AT_ONCE].map((each) => personTimes * each),
    );
    expect(takeAll(() => limits.messagesPage('grant', 2))).toBe(RATES.pagesPerMin);
  });

  test('find who does not listen: ten seconds’ worth of refused commands more than there may be', () => {
    const limits = limitsOn(clock);
    const pace = new Pace();
    let refused = 0;
    while (!limits.isFarOver(pace)) refused += 1;
    expect(refused).toBe(RATES.commandsPerS * RATE_LIMITS.refusedBurstS);
    // Refused as often as the rate allows, nobody is far over.
    const patient = new Pace();
    for (let n = 0; n < 1_000; n++) {
      clock.ms += 1_000 / RATES.commandsPerS;
      expect(limits.isFarOver(patient)).toBe(false);
    }
  });

  test('remember so many buckets, and forget full ones (I9)', () => {
    const rate = rateOf(1, 1);
    const buckets = new Buckets<number>({ rate, remembered: 100 });
    for (let key = 0; key < 1_000; key++) buckets.of(key).take(rate, clock.ms);
    expect(buckets.size).toBe(100);
    buckets.sweep(clock.ms);
    expect(buckets.size).toBe(100);
    clock.ms += 1_000;
    // The first sweep may end where the last one stood.
    for (let n = 0; n < 2; n++) buckets.sweep(clock.ms);
    expect(buckets.size).toBe(0);
  });
});

describe('Limits of several processes', () => {
  test('are one budget from the next telling on, whichever took it, and only what was taken is told', async () => {
    const clock = new Clock();
    const shared = new Shared(clock);
    const [here, there] = [limitsOn(clock, { shared }), limitsOn(clock, { shared })];
    const half = SENDS_AT_ONCE / 2;
    for (let n = 0; n < half; n++) for (const each of [here, there]) expect(each.send(1, 'app')).toBe(0);
    // Nobody asked before it was taken.
    expect(shared.asked).toEqual([]);
    for (const each of [here, there, here, there]) await each.tick();
    // Each told of its three buckets, once. The first to tell hears of the other when it has something to tell again.
    expect(shared.asked.map(({ length }) => length)).toEqual([3, 3]);
    expect(there.send(1, 'app')).toBeGreaterThan(0);
    clock.ms += 1_000;
    expect(takeAll(() => there.send(1, 'app'))).toBe(RATES.sendsPerS);
    expect(here.send(1, 'app')).toBe(0);
    for (const each of [there, here]) await each.tick();
    expect(here.send(1, 'app')).toBeGreaterThan(0);
    expect(JSON.stringify(shared.asked)).not.toMatch(/"key":"(app|1|[^"]*:)/);
  });

  test('that cannot be told go on with what each took itself, and nothing piles up behind a Redis that stands still (I7)', async () => {
    const clock = new Clock();
    const shared = new Shared(clock);
    const [frozen, thaw] = [Promise.withResolvers<void>(), () => frozen.resolve()];
    shared.answer = frozen.promise;
    const limits = limitsOn(clock, { shared });
    limits.send(1, 'app');
    const telling = limits.tick();
    for (let n = 1; n < SENDS_AT_ONCE; n++) {
      expect(limits.send(1, 'app')).toBe(0);
      await limits.tick();
    }
    expect(limits.send(1, 'app')).toBeGreaterThan(0);
    expect(shared.asked).toHaveLength(1);
    thaw();
    await telling;
    await limits.tick();
    expect(shared.asked.map(([spent]) => spent!.tokens)).toEqual([1, SENDS_AT_ONCE - 1]);
    shared.answer = Promise.reject(new Error('Redis is down.'));
    clock.ms += 60_000;
    expect(takeAll(() => limits.send(1, 'app'))).toBe(SENDS_AT_ONCE);
    await limits.tick();
    clock.ms += 1_000;
    expect(takeAll(() => limits.send(1, 'app'))).toBe(RATES.sendsPerS);
  });
});
