import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Device } from './device.js';
import type { WireMessage } from './held.js';
import type { Random } from './random.js';

/** Sent, and not answered: while everything stands still no more than so many wait for it. */
const MAX_PENDING = 500;
/** What was held up is made good at most so fast: the offers of so many seconds at once. */
const BURST_S = 0.5;
const TICK_MS = 4;
const PADDING = 'lorem ipsum dolor sit amet, consectetur adipiscing elit';
/** Shares of all messages. */
const TO_GROUPS = 0.2;
/** What is done with a message when it is stored. */
const AFTERWARDS = { read: 0.03, react: 0.01, edit: 0.01, delete: 0.005 } as const;
/** Of a direct conversation that is known, so many are named by the person all the same. */
const BY_PERSON = 0.3;
/** Everybody writes directly to so many others. */
const FRIENDS = 6;
const EMOJI = ['👍', '🎉', '❤️'];

/** A message that got its `ok`. */
export interface Acknowledged {
  readonly sender: string;
  readonly message: Pick<WireMessage, 'id' | 'conversation' | 'position'>;
  /** What nobody else has sent. */
  readonly text: string;
}

export interface TalkOptions {
  readonly messages: number;
  readonly rate: number;
  readonly random: Random;
  /** By person; a person's first device sends. */
  readonly devices: readonly (readonly Device[])[];
  readonly groups: readonly Group[];
  readonly onProblem: (text: string) => void;
}

/** Numbers of people. */
export interface Group {
  readonly id: string;
  readonly members: readonly number[];
}

/** People who write to each other, as many messages as may be sent by now. */
export class Talk {
  readonly acknowledged: Acknowledged[] = [];
  /** How many may be sent so far. */
  allowed = 0;
  sent = 0;
  /** Of those sent: what got its ok, without the probes. */
  answered = 0;
  pending = 0;
  private readonly directs = new Map<string, string>();

  constructor(private readonly options: TalkOptions) {}

  /** Resolves when all of it is answered. */
  async run(signal: AbortSignal): Promise<void> {
    const { messages, rate } = this.options;
    let credit = 0;
    let last = performance.now();
    while (this.sent < messages || this.pending > 0) {
      signal.throwIfAborted();
      await wait(TICK_MS);
      const now = performance.now();
      credit = Math.min(credit + ((now - last) / 1_000) * rate, rate * BURST_S + 1);
      last = now;
      while (credit >= 1 && this.sent < Math.min(this.allowed, messages) && this.pending < MAX_PENDING) {
        credit -= 1;
        this.pending++;
        this.next().finally(() => this.pending--);
      }
    }
  }

  /** A message of somebody to a group, with a text that nobody else has sent. */
  async say(sender: Device, conversation: string, text: string): Promise<void> {
    await this.send(sender, { conversation }, text);
  }

  private async next(): Promise<void> {
    const { random, devices, groups, onProblem } = this.options;
    const text = `#${++this.sent} ${PADDING}`;
    const group = random.next() < TO_GROUPS ? random.of(groups) : undefined;
    const from = group ? random.of(group.members) : random.below(devices.length);
    const to = group ? random.of(group.members) : this.friend(from);
    const byPerson = random.next() < BY_PERSON;
    const then = random.next();
    const emoji = random.of(EMOJI);
    const [sender, other] = [devices[from]![0]!, devices[to]![0]!];
    const direct = this.directs.get(pair(from, to));
    const where = group
      ? { conversation: group.id }
      : direct && !byPerson
        ? { conversation: direct }
        : { to: other.person };
    try {
      const message = await this.send(sender, where, text);
      this.answered++;
      if (!group) this.directs.set(pair(from, to), message.conversation);
      await this.afterwards(then, { sender, other, message, emoji });
    } catch (error) {
      onProblem(`${sender.name}: "${text.split(' ', 1)}" failed: ${(error as Error).message}`);
    }
  }

  private async send(sender: Device, where: object, text: string): Promise<WireMessage> {
    const data = { ...where, text, clientId: randomUUID() };
    const { message } = await sender.do<{ message: WireMessage }>('message.send', data);
    const { id, conversation, position } = message;
    this.acknowledged.push({ sender: sender.person, message: { id, conversation, position }, text });
    return message;
  }

  private async afterwards(
    then: number,
    { sender, other, message, emoji }: { sender: Device; other: Device; message: WireMessage; emoji: string },
  ): Promise<void> {
    const { id, conversation, position } = message;
    const { read, react, edit } = AFTERWARDS;
    if (then < read) await other.do('conversation.read', { conversation, upTo: position });
    else if (then < read + react) await other.do('reaction.add', { message: id, emoji });
    else if (then < read + react + edit)
      await sender.do('message.edit', { message: id, text: `edited ${message.text}` });
    else if (then < read + react + edit + AFTERWARDS.delete) await sender.do('message.delete', { message: id });
  }

  private friend(person: number): number {
    const { random, devices } = this.options;
    const friends = Math.min(FRIENDS, devices.length - 1);
    const step = 1 + random.below(Math.ceil(friends / 2));
    return (person + (random.next() < 0.5 ? step : devices.length - step)) % devices.length;
  }
}

function pair(one: number, other: number): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}
