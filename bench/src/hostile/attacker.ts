import { LIMITS } from '@drawbridge/protocol';
import type { ProtocolFrames } from '@drawbridge/testing';
import type { Random } from '../chaos/random.js';
import type { Attack, Attacks } from './attacks.js';
import type { State, Verdict } from './judge.js';
import { RawClient, type Received } from './raw-client.js';
import { textFrame } from './raw-frames.js';

/** Far more than a busy machine takes. */
const ANSWERED_WITHIN_MS = 60_000;
const MAX_BURST = 24;
const SHOWN_CHARACTERS = 2_000;

/** Of mailboxes that are none, and of none that is left. */
const RESUMES = [
  { epoch: 'another', after: 0 },
  { epoch: "'; --", after: Number.MAX_SAFE_INTEGER },
] as const;

type Reply = Extract<Verdict, { kind: 'reply' }>;

/** What was not as the protocol says, with what it takes to have it again. */
export class Fault extends Error {}

export interface Tally {
  /** Frames by what kind of mischief they were. */
  readonly attacks: Map<string, number>;
  /** What came of them. */
  readonly outcomes: Map<string, number>;
}

/** One who attacks, over one connection after the other. */
export class Attacker {
  #client: RawClient | undefined;
  #greeted = Promise.withResolvers<void>();
  readonly #replies = new Map<string, Reply[]>();
  #bad = 0;
  #pings: Buffer[] = [];
  /** On this connection. */
  #badSent = 0;
  #settled = Promise.withResolvers<void>();
  #problem: string | undefined;

  constructor(
    private readonly parts: {
      readonly name: string;
      readonly port: number;
      readonly state: State;
      /** The data of a good `session.open`. */
      readonly session: object | undefined;
      readonly random: Random;
      readonly attacks: Attacks;
      readonly frames: ProtocolFrames;
      readonly tally: Tally;
    },
  ) {}

  /** Fault when something was not as it must be. */
  async attack(frames: number): Promise<void> {
    for (let left = frames; left > 0; ) left -= await this.burst(left);
  }

  async close(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
  }

  /** Many frames in one write; the last of them may end the connection. */
  private async burst(most: number): Promise<number> {
    const { random, attacks, state } = this.parts;
    this.#client ??= await this.connect();
    const burst: Attack[] = [];
    let ending: Attack | undefined;
    for (let size = Math.min(most, 1 + random.below(MAX_BURST)); size > 0 && !ending; size--) {
      const attack = attacks.next(state);
      if (attack.verdicts.some((verdict) => this.isLast(verdict))) ending = attack;
      else burst.push(attack);
    }
    for (const attack of burst) this.expect(attack);
    this.#client.write(Buffer.concat(burst.map(({ bytes }) => bytes)));
    // What was not answered yet may be lost with the connection.
    const isRude = ending !== undefined && random.below(4) === 0;
    if (!isRude) await this.answered(burst);
    if (ending) await this.end(ending, burst);
    return burst.length + (ending ? 1 : 0);
  }

  private isLast(verdict: Verdict): boolean {
    if (verdict.kind === 'bad') this.#badSent += 1;
    if (verdict.kind === 'bad') return this.#badSent === LIMITS.maxBadFrames;
    return verdict.kind === 'close' || (verdict.kind === 'reply' && verdict.close !== undefined);
  }

  private expect({ what, verdicts }: Attack): void {
    count(this.parts.tally.attacks, what);
    for (const verdict of verdicts) {
      if (verdict.kind === 'bad') this.#bad += 1;
      else if (verdict.kind === 'pong') this.#pings.push(verdict.payload);
      else if (verdict.kind === 'reply') this.await(verdict);
    }
  }

  /** An id that lost a character may be that of another frame, which may still be in flight. */
  private await(reply: Reply): void {
    const others = this.#replies.get(reply.id);
    if (!others) this.#replies.set(reply.id, [reply]);
    else others.push({ ...reply, codes: new Set([...reply.codes, 'conflict']) });
  }

  private async answered(burst: readonly Attack[]): Promise<void> {
    this.#settled = Promise.withResolvers<void>();
    this.settle();
    const closed = this.#client!.closed.then((code) => `was closed with ${code}`);
    const settled = this.#settled.promise.then(() => undefined);
    const problem = await inTime(Promise.race([settled, closed]), 'was not answered');
    if (this.#problem !== undefined || problem !== undefined) throw this.fault(this.#problem ?? problem!, burst);
  }

  private async end(attack: Attack, before: readonly Attack[]): Promise<void> {
    const client = this.#client!;
    const last = attack.verdicts.at(-1)!;
    this.expect(attack);
    client.write(attack.bytes);
    const code = await inTime(client.closed, 'was not closed');
    const due = last.kind === 'close' ? last.code : last.kind === 'reply' ? last.close : 4400;
    if (this.#problem !== undefined) throw this.fault(this.#problem, [...before, attack]);
    if (code !== due) throw this.fault(`was closed with ${code} instead of ${due}`, [attack]);
    const lacksReply = last.kind === 'reply' ? this.#replies.has(last.id) : last.kind === 'bad' && this.#bad > 0;
    if (lacksReply) throw this.fault('was closed without a reply', [...before, attack]);
    count(this.parts.tally.outcomes, `close ${code}`);
    this.forget();
  }

  private forget(): void {
    this.#client = undefined;
    this.#replies.clear();
    this.#pings = [];
    this.#bad = this.#badSent = 0;
  }

  private async connect(): Promise<RawClient> {
    const { port, session, name } = this.parts;
    this.#greeted = Promise.withResolvers<void>();
    const client = await RawClient.connect(port, (frame) => this.take(frame));
    client.onPong = (payload) => this.ponged(payload);
    await this.#greeted.promise;
    if (!session) return client;
    const id = `open-${name}`;
    const codes = new Set(['ok']);
    this.#client = client;
    this.#replies.set(id, [{ kind: 'reply', id, event: 'session.open', codes }]);
    const resume = this.parts.random.of([{}, ...RESUMES.map((resume) => ({ resume }))]);
    client.write(textFrame(JSON.stringify({ event: 'session.open', id, data: { ...session, ...resume } })));
    await this.answered([]);
    return client;
  }

  private take(frame: Received): void {
    if (this.#problem !== undefined) return;
    const problem = frame.id === undefined ? this.told(frame) : this.replied(frame.id, frame);
    if (problem !== undefined) this.#problem = `${problem}\n  it sent ${shortened(JSON.stringify(frame))}`;
    this.settle();
  }

  private told(frame: Received): string | undefined {
    if (frame.event === 'hello') this.#greeted.resolve();
    if (frame.event === 'error') {
      if (this.#bad === 0) return 'was told of a bad frame that was none';
      this.#bad -= 1;
      count(this.parts.tally.outcomes, 'bad_frame');
    }
    return this.parts.frames.problemOfEvent(frame);
  }

  private replied(id: string, frame: Received): string | undefined {
    const awaited = this.#replies.get(id);
    if (!awaited) return 'a reply that nobody waits for';
    const code = frame.event === 'ok' ? 'ok' : String(frame.data.code);
    const index = awaited.findIndex(({ codes }) => codes.has(code));
    if (index < 0) return `${code} instead of ${awaited.map(({ codes }) => [...codes].join(' or ')).join(', and ')}`;
    const [{ event }] = awaited.splice(index, 1) as [Reply];
    if (awaited.length === 0) this.#replies.delete(id);
    count(this.parts.tally.outcomes, code);
    return this.parts.frames.problemOfReply(event, frame);
  }

  /** A pong may stand for the pings before it too (RFC 6455 section 5.5.3). */
  private ponged(payload: Buffer): void {
    const index = this.#pings.findIndex((ping) => ping.equals(payload));
    if (index < 0) this.#problem ??= `a pong of no ping: ${payload}`;
    this.#pings.splice(0, index + 1);
    this.settle();
  }

  private settle(): void {
    const isAnswered = this.#replies.size === 0 && this.#bad === 0 && this.#pings.length === 0;
    if (this.#problem !== undefined || isAnswered) this.#settled.resolve();
  }

  private fault(problem: string, attacks: readonly Attack[]): Fault {
    const open = [...this.#replies.keys()];
    const frames = attacks.map(({ what, shown, verdicts }) => {
      const ids = verdicts.flatMap((verdict) => (verdict.kind === 'reply' ? [verdict.id] : []));
      const waits = ids.some((id) => open.includes(id)) ? ' (waits)' : '';
      return `  ${what}${waits}: ${shortened(shown)}`;
    });
    const { name, state } = this.parts;
    return new Fault(`${name} (${state}) ${problem}\nThe frames of this write:\n${frames.join('\n')}`);
  }
}

function inTime<T>(awaited: Promise<T>, otherwise: string): Promise<T | string> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), ANSWERED_WITHIN_MS);
  });
  return Promise.race([awaited, tooLate]).finally(() => clearTimeout(timer));
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

function shortened(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)`;
}
