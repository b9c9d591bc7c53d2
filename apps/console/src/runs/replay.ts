import { SIDES, type Side } from '../wire/entry.js';
import { Actor, type Received, type ReplayWorld } from './actor.js';
import { type Bindings, differences, filled } from './matching.js';
import {
  type EventStep,
  type KnownConversation,
  type Recording,
  type Step,
  symbolIn,
  type Template,
} from './recording.js';

export interface Outcome {
  readonly state: 'running' | 'passed' | 'failed' | 'left out';
  /** Of what failed: the difference. */
  readonly detail?: string;
}

export interface Progress {
  /** Of the step with this index; the end, where nothing else may have come, is one behind the last. */
  step(index: number, outcome: Outcome): void;
  /** Before the first step. */
  begun(outcome: Outcome): void;
}

/** A conversation that is further back in the list is not looked for. */
const MAX_PAGES = 20;

/** Does again what was recorded, and looks whether the same comes of it. True where it did. */
export async function replay(
  { steps, conversations }: Recording,
  world: ReplayWorld,
  progress: Progress,
  signal: AbortSignal,
): Promise<boolean> {
  const run = new Run(steps, world, signal);
  try {
    try {
      progress.begun({ state: 'running' });
      await run.begin(conversations);
      progress.begun({ state: 'passed' });
    } catch (error) {
      progress.begun({ state: 'failed', detail: (error as Error).message });
      return false;
    }
    for (const [index, step] of [...steps, undefined].entries()) {
      try {
        progress.step(index, { state: 'running' });
        progress.step(index, { state: (await (step ? run.step(step) : run.end())) ? 'passed' : 'left out' });
      } catch (error) {
        progress.step(index, { state: 'failed', detail: (error as Error).message });
        return false;
      }
    }
    return true;
  } finally {
    run.leave();
  }
}

class Run {
  readonly #actors: Readonly<Record<Side, Actor>>;
  readonly #bindings: Bindings = new Map();
  /** What was sent, by the number of its step. */
  readonly #ids = new Map<number, string>();

  constructor(
    private readonly steps: readonly Step[],
    world: ReplayWorld,
    signal: AbortSignal,
  ) {
    this.#actors = { left: new Actor('left', world, signal), right: new Actor('right', world, signal) };
  }

  /** Who they are here, and which conversations are meant. */
  async begin(conversations: readonly KnownConversation[]): Promise<void> {
    const sides = SIDES.filter((side) => this.steps.some((step) => step.side === side));
    for (const side of sides) {
      const reply = await this.#actors[side].open().catch((error: Error) => {
        throw new Error(`The ${side} person could not connect: ${error.message}`);
      });
      if (reply.event === 'error') throw new Error(`The ${side} person was refused: ${reply.data.code}.`);
      this.#bindings.set(side, (reply.data.person as { id: string }).id);
    }
    for (const known of conversations) await this.#find(known, sides);
    for (const side of sides) {
      const actor = this.#actors[side];
      await actor.close();
      actor.durable.length = 0;
    }
  }

  async #find({ symbol, kind, title, members }: KnownConversation, sides: readonly Side[]): Promise<void> {
    const side = sides.find((each) => members.some((member) => symbolIn(member) === each));
    if (!side) throw new Error(`Neither of the two is in the conversation “${title ?? symbol}”.`);
    const actor = this.#actors[side];
    let cursor: unknown;
    for (let page = 0; kind === 'group' && page < MAX_PAGES; page++) {
      const found = await actor.request('conversation.list', cursor === undefined ? {} : { cursor });
      const talks = found.conversations as { id: string; kind: string; title?: string; memberCount: number }[];
      const same = talks.find(
        (talk) => talk.kind === kind && talk.title === title && talk.memberCount === members.length,
      );
      if (same) return void this.#bindings.set(symbol, same.id);
      cursor = found.next;
      if (cursor === undefined) break;
    }
    const others = members.filter((member) => symbolIn(member) !== side);
    const ids = others.map((member) => filled(member, this.#bindings, unknownName));
    const named = title === undefined ? {} : { title };
    const clientId = crypto.randomUUID();
    const made = await actor.request('conversation.create', { members: ids, clientId, ...named });
    this.#bindings.set(symbol, (made.conversation as { id: string }).id);
  }

  /** False where it was left out. */
  async step(step: Step): Promise<boolean> {
    const actor = this.#actors[step.side];
    if (step.isOff) {
      if (step.kind === 'reply') await this.#learn(step.to, step.data, actor);
      return false;
    }
    switch (step.kind) {
      case 'open': {
        if (step.isUnopened) {
          await actor.connect();
          return true;
        }
        const reply = await actor.open(step);
        if (step.isTokenBroken && reply.event === 'ok')
          throw new Error('The bridge took a token with a broken signature.');
        if (!step.isTokenBroken && reply.event === 'error') throw new Error(`The bridge answered ${reply.data.code}.`);
        return true;
      }
      case 'send': {
        const bindings = new Map(this.#bindings).set('lastSeq', actor.lastSeq);
        const data = filled(step.data, bindings, freshId) as object;
        for (const [symbol, value] of bindings) if (symbol !== 'lastSeq') this.#bindings.set(symbol, value);
        this.#ids.set(step.number, actor.send(step.command, data));
        return true;
      }
      case 'raw':
        actor.write(step.text);
        return true;
      case 'close':
        await actor.close(step.code, step.reason);
        return true;
      case 'drop':
        actor.drop();
        return true;
      case 'reply':
        return this.#reply(step, actor);
      case 'event':
        await (step.isDurable ? this.#nextDurable(step, actor) : this.#anyPassing(step, actor));
        return true;
      case 'closed': {
        const { code, reason } = await actor.until('the close', () => actor.closed);
        if (code !== step.code)
          throw new Error(`It was closed with ${code} ${reason}, not ${step.code} ${step.reason}.`);
        return true;
      }
    }
  }

  /** After everything: nothing else has come. */
  async end(): Promise<boolean> {
    for (const side of SIDES) {
      const actor = this.#actors[side];
      if (!actor.isConnected) continue;
      await actor.settle();
      const more = actor.durable.find((frame) => !this.#isBearable(frame, side));
      if (more) throw new Error(`Something else came to the ${side} person: ${said(more)}.`);
    }
    return true;
  }

  leave(): void {
    for (const side of SIDES) this.#actors[side].drop();
  }

  async #reply({ to, event, data }: Step & { kind: 'reply' }, actor: Actor): Promise<boolean> {
    const id = this.#ids.get(to);
    // What it answers was left out.
    if (id === undefined) return false;
    const reply = await actor.reply(id);
    if (reply.event !== event) throw new Error(`The answer is ${said(reply)}, not ${event}.`);
    this.#compare(data, reply);
    return true;
  }

  /** What a reply that is not looked at said of names that come later. */
  async #learn(to: number, data: Template, actor: Actor): Promise<void> {
    const id = this.#ids.get(to);
    if (id !== undefined) differences(data, (await actor.reply(id)).data, this.#bindings);
  }

  async #nextDurable({ event, data, side }: EventStep, actor: Actor): Promise<void> {
    for (;;) {
      const frame = await actor.until(event, () => actor.durable[0]);
      const problems = frame.event === event ? differences(data, frame.data, this.#bindings) : [''];
      if (problems.length > 0 && !this.#isBearable(frame, side))
        throw new Error(frame.event === event ? `${problems.join('; ')}.` : `${said(frame)} came, not ${event}.`);
      actor.durable.shift();
      if (problems.length === 0) return;
    }
  }

  async #anyPassing({ event, data }: EventStep, actor: Actor): Promise<void> {
    await actor.until(event, () => {
      const index = actor.passing.findIndex(
        (frame) => frame.event === event && differences(data, frame.data, this.#bindings).length === 0,
      );
      return index < 0 ? undefined : actor.passing.splice(index, 1);
    });
  }

  /** What comes by the way of reading and acknowledging, and what the tester left out of what is expected. */
  #isBearable(frame: Received, side: Side): boolean {
    if (frame.event === 'receipt.updated') return true;
    return this.steps.some(
      (step) =>
        step.kind === 'event' &&
        step.isOff &&
        step.side === side &&
        step.event === frame.event &&
        differences(step.data, frame.data, this.#bindings).length === 0,
    );
  }

  #compare(expected: Template, { data }: Received): void {
    const problems = differences(expected, data, this.#bindings);
    if (problems.length > 0) throw new Error(`${problems.join('; ')}.`);
  }
}

const MAX_SAID = 200;

function said({ event, data }: Received): string {
  if (event === 'error') return `error ${data.code} (${data.message})`;
  const text = JSON.stringify(data);
  return `${event} ${text.length > MAX_SAID ? `${text.slice(0, MAX_SAID)}…` : text}`;
}

function freshId(symbol: string): unknown {
  // Of what was not found, any other is not found either.
  if (symbol.startsWith('clientId') || symbol.startsWith('nothing')) return crypto.randomUUID();
  return unknownName(symbol);
}

function unknownName(symbol: string): never {
  throw new Error(`Nothing before this step says what ${symbol} is: it was there before the recording began.`);
}
