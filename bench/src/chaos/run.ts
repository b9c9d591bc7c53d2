/** Many people, many messages, and servers that are killed in turn; and whether everything is where it belongs. */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Database } from '@drawbridge/database';
import { Device } from './device.js';
import type { WireMessage } from './held.js';
import { everybodyHears, type Kill, killAndRecover, Probes } from './kills.js';
import type { ChaosOptions } from './options.js';
import { Random } from './random.js';
import { conversationsIn, messagesIn } from './store.js';
import { type Group, Talk } from './talk.js';
import { type StoredConversation, verify } from './verify.js';
import { VICTIMS, World } from './world.js';

const PROGRESS_EVERY_MS = 5_000;
/** Where nobody is answered for so long, the run is over. */
const STUCK_AFTER_MS = 120_000;
const LOOK_EVERY_MS = 5;
/** Of so many people one has a second device. */
const SECOND_DEVICE = 10;
/** A problem has company: so many are kept. */
const MAX_PROBLEMS = 1_000;
const GROUP_SIZES = [3, 5, 8, 12, 20] as const;
const GROUPS_OF_EACH = 2;
/** Conversations whose history is read at the same time. */
const READ_AT_ONCE = 8;

export interface ChaosResult {
  readonly options: ChaosOptions;
  readonly kills: readonly Kill[];
  readonly problems: readonly string[];
  readonly acknowledged: number;
  /** Messages as the clients got them, over all devices. */
  readonly delivered: number;
  readonly devices: number;
  readonly conversations: number;
  /** Connections made, sends and other commands repeated, mailboxes loaded anew. */
  readonly connections: number;
  readonly repeated: number;
  readonly resets: number;
  /** From the first message to the last answer. */
  readonly seconds: number;
}

/** Rejects only where it cannot begin; what goes wrong later is a problem of the result. */
export async function runChaos(options: ChaosOptions, progress: (line: string) => void): Promise<ChaosResult> {
  progress(`PostgreSQL, Redis and ${options.gateways} gateways start`);
  await using world = await World.start(options.gateways);
  const run = new Run(options, world, progress);
  try {
    return await run.result();
  } finally {
    await run.stop();
  }
}

class Run {
  private readonly random: Random;
  private readonly problems: string[] = [];
  private readonly probes = new Probes();
  private readonly over = new AbortController();
  /** By person. */
  private devices: Device[][] = [];
  private delivered = 0;

  constructor(
    private readonly options: ChaosOptions,
    private readonly world: World,
    private readonly progress: (line: string) => void,
  ) {
    this.random = new Random(options.seed);
  }

  async result(): Promise<ChaosResult> {
    const { options, random, world } = this;
    const people = Array.from({ length: options.people }, (_, n) => `person-${n}`);
    this.progress(`${people.length} people sign in`);
    const tokens = await world.signIn(people);
    this.devices = people.map((person, n) => this.devicesOf(person, tokens[n]!, n));
    const all = this.devices.flat();
    for (const device of all) device.start();
    const everyone = { id: '', members: people.map((_, n) => n) };
    const [everybody, ...groups] = await this.makeGroups([everyone, ...this.planGroups()]);
    const talk = new Talk({
      messages: options.messages,
      rate: options.rate,
      random: random.fork(),
      devices: this.devices,
      groups,
      onProblem: (text) => this.problem(text),
    });
    const hearing = {
      talk,
      devices: all,
      everybody: everybody!.id,
      random: random.fork(),
      probes: this.probes,
      signal: this.over.signal,
    };
    await everybodyHears(hearing);
    this.progress(`${all.length} clients are live; the talk begins (seed ${options.seed})`);
    const kills: Kill[] = [];
    const since = performance.now();
    const watching = this.watch(talk, kills);
    try {
      await Promise.all([talk.run(this.over.signal), this.killInTurn(talk, hearing, kills)]);
      // Mailboxes are in order: who has this has everything before it.
      await everybodyHears(hearing);
      const seconds = (performance.now() - since) / 1_000;
      this.progress('everybody is still; what they hold is compared with the store');
      const conversations = await this.stored();
      const holders = all.map(({ name, person, held }) => ({ name, person, conversations: held.conversations }));
      for (const problem of verify({ conversations, holders, acknowledged: talk.acknowledged })) this.problem(problem);
      return this.told(kills, talk, seconds, conversations.length);
    } catch (error) {
      this.problem((this.over.signal.reason as Error | undefined)?.message ?? (error as Error).message);
      return this.told(kills, talk, (performance.now() - since) / 1_000, 0);
    } finally {
      this.over.abort(new Error('The run is over'));
      clearInterval(watching);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.devices.flat().map((device) => device.stop()));
  }

  private devicesOf(person: string, token: string, n: number): Device[] {
    const of = (name: string) =>
      new Device({
        name,
        person,
        token,
        gateways: this.world.gateways,
        random: this.random.fork(),
        onCreated: (device, { text }) => {
          this.delivered++;
          this.probes.got(device, text);
        },
        onProblem: (text) => this.problem(text),
      });
    return n % SECOND_DEVICE === 0 ? [of(person), of(`${person}'s second`)] : [of(person)];
  }

  private planGroups(): Omit<Group, 'id'>[] {
    const { people } = this.options;
    const sizes = GROUP_SIZES.filter((size) => size <= people).flatMap((size) => Array(GROUPS_OF_EACH).fill(size));
    return sizes.map((size: number) => {
      const members = new Set<number>();
      while (members.size < size) members.add(this.random.below(people));
      return { members: [...members] };
    });
  }

  private makeGroups(planned: readonly Omit<Group, 'id'>[]): Promise<Group[]> {
    return Promise.all(
      planned.map(async ({ members }) => {
        const [creator, ...others] = members.map((n) => this.devices[n]![0]!);
        const { conversation } = await creator!.do<{ conversation: { id: string } }>('conversation.create', {
          members: others.map(({ person }) => person),
          clientId: randomUUID(),
        });
        return { id: conversation.id, members };
      }),
    );
  }

  /** Each kill has its share of the messages: it comes in the middle of them, and the next share waits for the recovery. */
  private async killInTurn(talk: Talk, hearing: Omit<Parameters<typeof killAndRecover>[1], 'world'>, kills: Kill[]) {
    const { kills: count, messages } = this.options;
    for (let n = 0; n < count; n++) {
      talk.allowed = Math.ceil((messages * (n + 1)) / count);
      while (talk.answered < (messages * (n + 0.5)) / count) {
        this.over.signal.throwIfAborted();
        await wait(LOOK_EVERY_MS);
      }
      const victim = VICTIMS[n % VICTIMS.length]!;
      const kill = await killAndRecover(victim, { ...hearing, world: this.world });
      kills.push(kill);
      const [away, recovered] = [kill.awayMs, kill.recoveredMs].map((ms) => `${(ms / 1_000).toFixed(1)} s`);
      this.progress(
        `kill ${n + 1} of ${count}: ${kill.name}, back after ${away}, everybody through after ${recovered}`,
      );
    }
    talk.allowed = messages;
  }

  private watch(talk: Talk, kills: readonly Kill[]): NodeJS.Timeout {
    let [answered, killed, answeredAt] = [0, 0, performance.now()];
    return setInterval(() => {
      const all = this.devices.flat();
      const live = all.filter((device) => device.live).length;
      this.progress(
        `${talk.answered} of ${this.options.messages} acknowledged, ${talk.pending} under way, ${this.delivered} delivered, ` +
          `${live} of ${all.length} clients live, ${kills.length} kills, ${this.problems.length} problems`,
      );
      if (talk.answered > answered || kills.length > killed) {
        [answered, killed, answeredAt] = [talk.answered, kills.length, performance.now()];
      } else if (performance.now() - answeredAt > STUCK_AFTER_MS)
        this.over.abort(new Error(`Nobody was answered for ${STUCK_AFTER_MS / 1_000} s`));
    }, PROGRESS_EVERY_MS);
  }

  /** What the database has, and what the history shows to one of the members. */
  private async stored(): Promise<StoredConversation[]> {
    await using database = await Database.open({ url: this.world.databaseUrl, poolSize: 2 });
    const conversations = await conversationsIn(database);
    const byPerson = new Map(this.devices.map((devices) => [devices[0]!.person, devices[0]!]));
    const read: StoredConversation[] = [];
    const next = conversations.entries();
    const some = async () => {
      for (const [id, members] of next) {
        const stored = await messagesIn(database, id);
        const history: WireMessage[] = [];
        const reader = this.random.of(members.map((member) => byPerson.get(member)!));
        await reader.history(id, (page) => void history.push(...page));
        read.push({ id, members: new Set(members), stored, history: history.reverse() });
      }
    };
    await Promise.all(Array.from({ length: READ_AT_ONCE }, some));
    return read;
  }

  private told(kills: readonly Kill[], talk: Talk, seconds: number, conversations: number): ChaosResult {
    const all = this.devices.flat();
    const sum = (of: (device: Device) => number) => all.reduce((total, device) => total + of(device), 0);
    return {
      options: this.options,
      kills,
      problems: this.problems,
      acknowledged: talk.acknowledged.length,
      delivered: this.delivered,
      devices: all.length,
      conversations,
      connections: sum(({ counts }) => counts.connections),
      repeated: sum(({ counts }) => counts.repeated),
      resets: sum(({ counts }) => counts.resets),
      seconds,
    };
  }

  private problem(text: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(text);
  }
}
