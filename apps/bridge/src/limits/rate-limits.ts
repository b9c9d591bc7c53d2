import { createHmac } from 'node:crypto';
import type { SharedBuckets } from '@drawbridge/bus';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { Bucket, type Rate, rateOf } from './bucket.js';
import { Buckets, type KeyedBucket } from './buckets.js';

/** Of the bounds on what clients may do in a time; how often is a setting (I9). */
export const RATE_LIMITS = {
  /** At once may come what the rate allows in so many seconds. */
  commandsBurstS: 5,
  sendsBurstS: 10,
  appSendsBurstS: 2,
  conversationsBurstS: 60,
  contactsBurstS: 60,
  pagesBurstS: 60,
  opensBurstS: 60,
  /** A person has so many times the budget of one consent, or of one app, in all: whoever signs in a hundred times has no hundred budgets. */
  personTimes: 5,
  /** A connection is closed (4529) after so many seconds' worth of commands that were refused, over and above as many again as the rate allows. */
  refusedBurstS: 10,
  /** Buckets of each kind that are remembered. */
  remembered: 100_000,
  /** Processes tell each other what was taken. */
  tellEveryMs: 1_000,
  /** Buckets that are told of at one time; the others wait for the next. */
  toldAtOnce: 10_000,
} as const;

/** What a command counts as, beside being a command. */
export type Counted = 'sends' | 'conversations' | 'contacts' | 'pages';
/** What was over its limit, for the metrics. */
export type LimitName = Counted | 'commands' | 'app_sends' | 'in_flight' | 'opens';

export interface RateLimitsOptions {
  readonly commandsPerS: number;
  readonly sendsPerS: number;
  readonly appSendsPerS: number;
  readonly conversationsPerMin: number;
  readonly contactsPerMin: number;
  readonly pagesPerMin: number;
  readonly opensPerMin: number;
  /** Where there are other processes. */
  readonly shared?: SharedBuckets | undefined;
  /** What the names of buckets are made with, so that nobody's id stands in Redis. */
  readonly key: Uint8Array;
}

/** What is kept for one connection. */
export class Pace {
  /** @internal */
  readonly commands = new Bucket();
  /** @internal */
  readonly refused = new Bucket();
}

/** A token of one bucket. */
interface Token {
  readonly limit: LimitName;
  /** Whose bucket it is, as it is named among processes. */
  readonly whose: string;
  readonly rate: Rate;
  readonly bucket: KeyedBucket;
}

/** Of each consent, or of each app of a person, and of the person in all. */
class Budgets {
  private readonly each: Buckets<string>;
  private readonly ofPersons: Buckets<string>;

  constructor(
    private readonly limit: LimitName,
    { msEach, burstMs }: Rate,
  ) {
    const { remembered, personTimes } = RATE_LIMITS;
    this.each = new Buckets({ rate: { msEach, burstMs }, remembered });
    this.ofPersons = new Buckets({ rate: { msEach: msEach / personTimes, burstMs }, remembered });
  }

  tokens(key: string, person: string): Token[] {
    const { limit, each, ofPersons } = this;
    return [
      { limit, whose: key, rate: each.rate, bucket: each.of(key) },
      { limit, whose: `person ${person}`, rate: ofPersons.rate, bucket: ofPersons.of(person) },
    ];
  }

  sweep(nowMs: number): void {
    this.each.sweep(nowMs);
    this.ofPersons.sweep(nowMs);
  }
}

/**
 * How often anybody may do what costs others something. Every answer is given at once, from buckets of this process; once a second
 * processes tell each other, over Redis, what was taken from which. While they cannot, each goes on with its own (I7). So
 * somebody who is on several gateways may take one burst on each before they agree.
 */
@Injectable()
export class RateLimits implements OnApplicationBootstrap, OnApplicationShutdown {
  /** How many commands were refused, by why. */
  readonly refusals: Record<LimitName, number> = {
    commands: 0,
    sends: 0,
    app_sends: 0,
    conversations: 0,
    contacts: 0,
    pages: 0,
    opens: 0,
    in_flight: 0,
  };
  private readonly commandRate: Rate;
  private readonly refusedRate: Rate;
  private readonly sends: Budgets;
  private readonly appSends: Buckets<string>;
  private readonly conversations: Budgets;
  private readonly contacts: Budgets;
  private readonly pages: Budgets;
  private readonly opens: Budgets;
  private untold: Token[] = [];
  private telling = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: RateLimitsOptions,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    const { commandsPerS, sendsPerS, appSendsPerS, conversationsPerMin, contactsPerMin } = options;
    const { pagesPerMin, opensPerMin } = options;
    const { remembered } = RATE_LIMITS;
    this.commandRate = rateOf(commandsPerS, RATE_LIMITS.commandsBurstS);
    this.refusedRate = rateOf(commandsPerS, RATE_LIMITS.refusedBurstS);
    const perMin = (count: number, burstS: number) => rateOf(count / 60, burstS);
    this.sends = new Budgets('sends', rateOf(sendsPerS, RATE_LIMITS.sendsBurstS));
    this.appSends = new Buckets({ rate: rateOf(appSendsPerS, RATE_LIMITS.appSendsBurstS), remembered });
    this.conversations = new Budgets('conversations', perMin(conversationsPerMin, RATE_LIMITS.conversationsBurstS));
    this.contacts = new Budgets('contacts', perMin(contactsPerMin, RATE_LIMITS.contactsBurstS));
    this.pages = new Budgets('pages', perMin(pagesPerMin, RATE_LIMITS.pagesBurstS));
    this.opens = new Budgets('opens', perMin(opensPerMin, RATE_LIMITS.opensBurstS));
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.tick(), RATE_LIMITS.tellEveryMs).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Counts one command of a connection. As all of these: 0 where it may be; otherwise nothing is counted, and it may be in so many milliseconds. */
  command({ commands }: Pace): number {
    const now = this.nowMs();
    const waitMs = commands.waitMs(this.commandRate, now);
    if (waitMs === 0) {
      commands.take(this.commandRate, now);
      return 0;
    }
    this.refusals.commands += 1;
    return commands.refuse(this.commandRate, now, waitMs);
  }

  /** When a connection may send its next command. */
  commandWaitMs({ commands }: Pace): number {
    return Math.ceil(commands.waitMs(this.commandRate, this.nowMs()));
  }

  /**
   * Counts something that goes out to others. What a person does through one app is a budget of its own: otherwise an app that
   * sends without end, and is refused most of it, would keep them from sending through any other.
   */
  send(person: number, app: string): number {
    const { appSends } = this;
    const ofApp = { limit: 'app_sends', whose: app, rate: appSends.rate, bucket: appSends.of(app) } as const;
    return this.take([...this.sends.tokens(`${person} ${app}`, String(person)), ofApp]);
  }

  /** Counts a conversation that somebody makes through an app, or finds again. */
  conversation(person: number, app: string): number {
    return this.take(this.conversations.tokens(`${person} ${app}`, String(person)));
  }

  /** Counts what somebody reads of their contacts on one consent: a page of them, who is online, what they share. */
  contactsPage(grant: string, person: number): number {
    return this.take(this.contacts.tokens(grant, String(person)));
  }

  /** Counts a page of messages that somebody reads on one consent: each is a row of the record, for a year. */
  messagesPage(grant: string, person: number): number {
    return this.take(this.pages.tokens(grant, String(person)));
  }

  /** Counts a session that is opened on one consent: each is a row of the record too. `person` is the public id, which the token has. */
  opening(grant: string, person: string): number {
    return this.take(this.opens.tokens(grant, person));
  }

  /** Counts one refused command of a connection, and says whether it is one too many: nobody listens there. */
  isFarOver({ refused }: Pace): boolean {
    const now = this.nowMs();
    if (refused.waitMs(this.refusedRate, now) > 0) return true;
    refused.take(this.refusedRate, now);
    return false;
  }

  /** Once a second. Where the last telling is not over, because Redis stands still, what is to be told gathers for the next. */
  async tick(): Promise<void> {
    const now = this.nowMs();
    const { sends, appSends, conversations, contacts, pages, opens } = this;
    for (const each of [sends, appSends, conversations, contacts, pages, opens]) each.sweep(now);
    const { shared } = this.options;
    if (!shared || this.telling || this.untold.length === 0) return;
    this.telling = true;
    const told = this.untold.splice(0, RATE_LIMITS.toldAtOnce);
    const spent = told.map(({ limit, whose, rate, bucket }) => {
      bucket.name ??= this.name(limit, whose);
      const tokens = bucket.untold;
      bucket.untold = 0;
      return { key: bucket.name, tokens, msEach: rate.msEach, maxMs: 2 * rate.burstMs };
    });
    try {
      const fullInMs = await shared.spend(spent);
      const then = this.nowMs();
      for (const [n, { rate, bucket }] of told.entries()) {
        // What was taken here meanwhile is not in it yet.
        bucket.notFullFor(fullInMs[n]! + bucket.untold * rate.msEach, then);
      }
    } catch {
      // It has been counted here; the others do without it.
    } finally {
      this.telling = false;
    }
  }

  /** All of them or none. Where some are not there, it is the one to wait for longest that refuses: after it, there is room in all. */
  private take(tokens: readonly Token[]): number {
    const now = this.nowMs();
    let refusing: Token | undefined;
    let longestMs = 0;
    for (const token of tokens) {
      const waitMs = token.bucket.waitMs(token.rate, now);
      if (waitMs <= longestMs) continue;
      longestMs = waitMs;
      refusing = token;
    }
    if (refusing) {
      this.refusals[refusing.limit] += 1;
      return refusing.bucket.refuse(refusing.rate, now, longestMs);
    }
    for (const token of tokens) this.count(token, now);
    return 0;
  }

  private count(token: Token, now: number): void {
    const { bucket, rate } = token;
    bucket.take(rate, now);
    if (!this.options.shared || this.untold.length >= RATE_LIMITS.remembered) return;
    bucket.untold += 1;
    if (bucket.untold === 1) this.untold.push(token);
  }

  private name(limit: string, whose: string): string {
    return createHmac('sha256', this.options.key).update(`${limit}:${whose}`).digest('base64url').slice(0, 22);
  }
}

/** From the settings. */
export function rateLimits(config: Config, key: Uint8Array, shared: SharedBuckets | undefined): RateLimits {
  const { commandsPerS, sendsPerS, appSendsPerS, conversationsPerMin, contactsPerMin, pagesPerMin, opensPerMin } =
    config;
  const perMinute = { conversationsPerMin, contactsPerMin, pagesPerMin, opensPerMin };
  return new RateLimits({ commandsPerS, sendsPerS, appSendsPerS, ...perMinute, key, shared });
}
