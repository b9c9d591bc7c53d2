import { randomUUID } from 'node:crypto';
import type { Bus } from '@drawbridge/bus';
import { Grants } from '@drawbridge/consent';
import type { Database } from '@drawbridge/database';
import { Partners } from '@drawbridge/partners';
import { People } from '@drawbridge/people';
import type { Scope } from '@drawbridge/protocol';
import { Device, type Reply } from './conversation-device.js';
import { ConversationIds, type WireConversation, type WireMessage } from './conversation-ids.js';
import { type Answer, type Command, ConversationModel } from './conversation-model.js';
import { pagesAreRight } from './conversation-pages.js';
import { latest, messageFor, type Person, personalOf } from './conversation-seen.js';
import { type Step, type Wish, Wishes } from './conversation-steps.js';
import { APP, GatewayHarness, type Name, WEB_APP } from './gateway-harness.js';
import { type Fate, LossyNetwork } from './lossy-network.js';

export const GATEWAYS = 2;
const BOTH: Scope[] = ['messages.read', 'messages.send'];
/** Who has what: two devices, an app that may only send, one that may only read. */
const DEVICES: readonly { who: string; app: string; scopes: Scope[] }[] = [
  { who: 'alice', app: APP, scopes: BOTH },
  { who: 'bob', app: APP, scopes: BOTH },
  { who: 'carol', app: APP, scopes: BOTH },
  { who: 'dave', app: APP, scopes: BOTH },
  { who: 'erin', app: APP, scopes: BOTH },
  { who: 'alice', app: APP, scopes: BOTH },
  { who: 'bob', app: WEB_APP, scopes: ['messages.send'] },
  { who: 'carol', app: WEB_APP, scopes: ['messages.read'] },
];
export const DEVICE_COUNT = DEVICES.length;
const NAMES = [...new Set(DEVICES.map(({ who }) => who))];

interface Gateway {
  harness: GatewayHarness;
  bus: Bus & { die(): void };
}

/** One of several commands at once, and what came of it. */
interface Done {
  readonly device: Device;
  readonly command: Command;
  readonly reply: Reply;
}

interface Known {
  readonly model: ConversationModel;
  readonly ids: ConversationIds;
}

const nameOf = (person: Person) => `${person.split('-')[0]} by name`;

/** The bridge and its people of one run, and beside it the model of what they must be told. */
export class ConversationRun {
  /** What was done, to be read where something is wrong. */
  readonly log: string[] = [];
  ids = new ConversationIds(nameOf);
  private readonly devices: Device[] = [];
  private readonly gateways: Gateway[] = [];
  private readonly dead: Promise<unknown>[] = [];
  private readonly network = new LossyNetwork(() => this.fates[this.hints++ % this.fates.length]!);
  private readonly people: Person[];
  private fates: readonly Fate[] = ['arrives'];
  private hints = 0;
  private barriers = 0;
  model: ConversationModel;
  private wishes!: Wishes;
  /** Everybody is in it, and nothing happens in it but messages that all of them must get. */
  private everybody = '';

  constructor(private readonly database: Database) {
    const run = randomUUID().slice(0, 8);
    this.people = NAMES.map((name) => `${name}-${run}`);
    this.model = ConversationModel.of(this.people);
  }

  async start(): Promise<void> {
    for (let n = 0; n < GATEWAYS; n++) this.gateways.push(await this.gateway(n));
    const registry = new People(this.database);
    const keys = new Map<Person, number>();
    for (const id of this.people) keys.set(id, (await registry.put({ id, handle: id, name: nameOf(id) })).key);
    for (const id of this.people) await registry.setContacts(id, this.people);
    const partner = (await new Partners(this.database).app(APP))!.partner.id;
    for (const [n, { who, app: clientId, scopes }] of DEVICES.entries()) {
      const person = this.people[NAMES.indexOf(who)]!;
      const grant = { person: keys.get(person)!, clientId, partner, scopes, authTime: new Date(), days: 90 };
      const { id } = await new Grants(this.database).create(grant);
      const token = await this.gateways[0]!.harness.token(person as Name, id, { clientId, scopes });
      const isReader = scopes.includes('messages.read');
      this.devices.push(new Device({ person, app: clientId }, isReader, token, n % GATEWAYS, this.gateways));
    }
    await Promise.all(this.devices.map((device) => device.connect()));
    const members = this.people.slice(1);
    await this.ask(this.devices[0]!, { do: 'create', members, title: 'Everybody', clientId: randomUUID() });
    [this.everybody] = this.model.conversations.keys() as unknown as [string];
    this.wishes = new Wishes(this.people, this.everybody);
  }

  async perform(step: Step): Promise<void> {
    switch (step.do) {
      case 'ask': {
        const device = this.devices[step.wish.device]!;
        const command = this.command(step.wish);
        return command && this.ask(device, command, step.isCut);
      }
      case 'ask at once':
        return this.askAtOnce(step.wishes);
      case 'ask in turn':
        for (const wish of step.wishes) await this.perform({ do: 'ask', wish, isCut: false });
        return;
      case 'look':
        return this.look(this.devices[step.device]!, step.limit);
      case 'cut':
        this.note(step);
        return this.devices[step.device]!.disconnect();
      case 'pause':
        this.note(step);
        return this.devices[step.device]!.pause();
      case 'connect':
        this.note(step);
        return this.devices[step.device]!.connect(step.gateway, step.isAnew);
      case 'network':
        this.note(step);
        this.fates = step.fates;
        return;
      case 'restart':
        this.note(step);
        return this.restart(step.gateway, step.isKilled);
    }
  }

  /** Everybody is there, has been told all there is to tell, and sees what there is to see. */
  async finish(): Promise<void> {
    this.fates = ['arrives'];
    for (const device of this.devices) await device.ready();
    await this.barrier(this.devices);
    await Promise.all(this.devices.map((device, n) => this.look(device, 4 * n + 3)));
    for (const device of this.devices) {
      device.disconnect();
      expect([device.by, device.problems]).toEqual([device.by, []]);
      expect([device.by, wrongIn(this, device)]).toEqual([device.by, undefined]);
      this.checkPassing(device);
    }
  }

  async stop(): Promise<void> {
    for (const device of this.devices) device.disconnect();
    await Promise.all(this.gateways.map(({ harness }) => harness.stop()));
    await Promise.all(this.dead);
  }

  private command(wish: Wish): Command | undefined {
    const device = this.devices[wish.device]!;
    const { isReader, by } = device;
    // What its scopes do not allow is another model's business.
    if (wish.what === 'ack') {
      const seq = Math.max(0, (device.lastSeq ?? 0) - (wish.numbers[0] % 4));
      return isReader ? { do: 'ack', seq, order: this.ids.inOrder(this.model.conversations.keys()) } : undefined;
    }
    const command = this.wishes.command(this.model, by, wish);
    if (command?.do === 'read') return isReader ? command : undefined;
    const onlyReads = by.app === WEB_APP && isReader;
    return onlyReads && command?.do !== 'contacts' && command?.do !== 'blocks' ? undefined : command;
  }

  private async ask(device: Device, command: Command, isCut = false): Promise<void> {
    this.note({ by: device.by, ...command, isCut });
    const wasSent = isCut && 'clientId' in command;
    if (wasSent) await device.askAndGo(...this.ids.asked(command));
    const reply = await this.request(device, command);
    this.model.tick();
    const answer = this.model.apply(device.by, command);
    learn(this.ids, answer, reply);
    const { code, data = {} } = reply;
    expect({ code, ...(code === 'ok' ? this.seenIn(command, data) : {}) }).toEqual(
      this.expected(device, command, wasSent && data.duplicate ? { ...answer, duplicate: true } : answer),
    );
  }

  private async request(device: Device, command: Command): Promise<Reply> {
    const registry = new People(this.database);
    if (command.do === 'contacts') await registry.setContacts(device.by.person, command.contacts);
    else if (command.do === 'blocks') await registry.setBlocks(device.by.person, command.blocks);
    else return device.ask(...this.ids.asked(command));
    return { code: 'ok', data: {} };
  }

  /** The same terms for what a reply shows and for what it should show. */
  private seenIn({ do: what }: Command, data: Record<string, unknown>): object {
    const { message, conversation, ...others } = data as { message?: WireMessage; conversation?: WireConversation };
    if (message && !message.from) return { ...others, bare: Object.keys(message).toSorted() };
    if (message) return { ...others, message: this.ids.seenMessage(message) };
    if (!conversation) return others;
    if (!conversation.members) return { ...others, bare: Object.keys(conversation).toSorted() };
    expect([what, conversation.receipts]).toEqual([what, undefined]);
    return { ...others, conversation: this.ids.seenPersonally(conversation) };
  }

  private expected({ by, isReader }: Device, command: Command, answer: Answer): object {
    const { code, duplicate, seq } = answer;
    if (code !== 'ok' || ['read', 'ack', 'contacts', 'blocks'].includes(command.do)) return { code };
    if (command.do === 'create' || command.do === 'update') {
      const id = command.do === 'update' ? command.conversation : answer.conversation!;
      const repeated = duplicate ? { duplicate } : {};
      if (!isReader) return { code, ...repeated, bare: ['id', 'kind'] };
      return { code, ...repeated, conversation: personalOf(this.model.conversations.get(id)!, by.person) };
    }
    const place = 'message' in command ? command.message : answer;
    const sent = 'message' in command ? {} : { duplicate, ...(isReader ? { seq } : {}) };
    if (!isReader) return { code, ...sent, bare: ['conversation', 'id', 'sentAt'] };
    const conversation = this.model.conversations.get(place.conversation!)!;
    return { code, ...sent, message: messageFor(conversation, by.person, place.position!) };
  }

  /** Whatever came of it, it must be what comes of the commands one after the other, in some order. */
  private async askAtOnce(wishes: readonly Wish[]): Promise<void> {
    const asked = wishes.flatMap((wish) => {
      const command = this.command(wish);
      return command ? [{ device: this.devices[wish.device]!, command }] : [];
    });
    for (const { device, command } of asked) this.note({ atOnce: asked.length, by: device.by, ...command });
    for (const { device } of asked) await device.ready();
    const done = await Promise.all(
      asked.map(async ({ device, command }) => ({ device, command, reply: await this.request(device, command) })),
    );
    this.note(done.map(({ reply: { code, data } }) => ({ code, ...data })));
    this.model.tick();
    const devices = this.devices.slice(0, NAMES.length);
    const [text, clientId] = [`barrier ${++this.barriers}`, randomUUID()];
    const last: Command = { do: 'send', conversation: this.everybody, text, clientId };
    const reply = await this.reaches(devices, last, () => this.request(devices[0]!, last));
    expect(reply.code).toBe('ok');
    const wrong: (object | undefined)[] = [];
    const found = this.inSomeOrder(this, done, (known) => {
      known.model.tick();
      known.model.apply(devices[0]!.by, last);
      wrong.push(devices.map((device) => wrongIn(known, device)).find((each) => each));
      return wrong.at(-1) === undefined;
    });
    if (!found) throw new Error(`No order explains what came of what was done at once: ${JSON.stringify(wrong)}`);
    this.model = found.model;
    this.ids = found.ids;
  }

  /** What is known after the first order of these that agrees with all replies and with `isRight`. */
  private inSomeOrder(known: Known, left: readonly Done[], isRight: (known: Known) => boolean): Known | undefined {
    if (left.length === 0) return isRight(known) ? known : undefined;
    for (const [n, next] of left.entries()) {
      // Commands of one connection on one conversation take effect in their order.
      if (left.slice(0, n).some((earlier) => earlier.device === next.device && areOfOne(earlier, next))) continue;
      const after = { model: known.model.clone(), ids: known.ids.clone() };
      // Something else may come between the conversation and the message that it is made for.
      const { device, command } = next;
      const opened = { model: known.model.clone(), ids: known.ids.clone() };
      if (command.do === 'send to' && opened.model.opens(device.by, command.to)) {
        const found = this.inSomeOrder(opened, left, isRight);
        if (found) return found;
      }
      const answer = after.model.apply(device.by, command);
      if (!agree(after.ids, answer, next)) continue;
      learn(after.ids, answer, next.reply);
      const found = this.inSomeOrder(after, left.toSpliced(n, 1), isRight);
      if (found) return found;
    }
    return undefined;
  }

  /** A message to everybody, which all that was before it must have come before. */
  private async barrier(devices: readonly Device[]): Promise<void> {
    const [text, clientId] = [`barrier ${++this.barriers}`, randomUUID()];
    const last: Command = { do: 'send', conversation: this.everybody, text, clientId };
    await this.reaches(devices, last, () => this.ask(devices[0]!, last));
  }

  /** While the network is as it should be. */
  private async reaches<T>(devices: readonly Device[], { text }: { text: string }, sent: () => Promise<T>): Promise<T> {
    const { fates } = this;
    this.fates = ['arrives'];
    const done = await sent();
    for (const device of devices) if (device.isReader) await device.hears(text);
    this.fates = fates;
    return done;
  }

  private async look(device: Device, limit: number): Promise<void> {
    if (!device.isReader) return;
    const { person } = device.by;
    this.note({ look: device.by, limit });
    await pagesAreRight({ model: this.model, ids: this.ids, person, limit, ask: (...asked) => device.ask(...asked) });
  }

  /** Beside the mailbox there is nothing to read, but how far others in a group have read. */
  private checkPassing({ by, isReader, passing }: Device): void {
    const allowed = ['hello', 'ok', 'error', 'going_away', ...(isReader ? ['mailbox.live', 'receipt.updated'] : [])];
    for (const { event, data } of passing) {
      expect([by, allowed, event]).toEqual([by, allowed, allowed.find((each) => each === event)]);
      if (event !== 'receipt.updated') continue;
      const { conversation, ...receipt } = this.ids.told(data) as { conversation: string; person: Person };
      const there = this.model.conversations.get(conversation)!;
      expect([by, there.kind, latest(there, by.person)?.person]).toEqual([by, 'group', by.person]);
      expect(there.receipts.get(receipt.person)).toContainEqual(receipt);
    }
  }

  private async gateway(n: number): Promise<Gateway> {
    const bus = this.network.join();
    const settings = { GATEWAY_ID: `gw-${n}`, LEASE_MS: '3000' };
    return { bus, harness: await GatewayHarness.on(this.database, settings, false, bus) };
  }

  /** Killed: its connections break, and it says nothing more, as far as anybody else can tell. */
  private async restart(n: number, isKilled: boolean): Promise<void> {
    const { harness, bus } = this.gateways[n]!;
    const there = this.devices.filter(({ gateway }) => gateway === n);
    if (isKilled) {
      bus.die();
      for (const socket of harness.sockets) socket.destroy();
    }
    for (const device of there) device.disconnect();
    const stopped = harness.stop();
    if (isKilled) this.dead.push(stopped);
    else await stopped;
    this.gateways[n] = await this.gateway(n);
  }

  private note(what: object): void {
    this.log.push(
      JSON.stringify(what, (_, value) =>
        typeof value === 'string' && value.length > 200 ? `${value.slice(0, 20)}…` : value,
      ),
    );
  }
}

function learn(ids: ConversationIds, { code, conversation, position }: Answer, { data }: Reply): void {
  if (code !== 'ok' || !data || conversation === undefined) return;
  const { message, conversation: made } = data as { message?: WireMessage; conversation?: WireConversation };
  ids.learnConversation(message?.conversation ?? made!.id, conversation);
  if (message) ids.learnMessage(message.id, { conversation, position: position! });
}

/** Whether a reply can be that answer, as far as nothing shows in it that may have come about later. */
function agree(ids: ConversationIds, answer: Answer, { device, reply: { code, data } }: Done): boolean {
  if (answer.code !== code) return false;
  if (code !== 'ok' || !data || answer.conversation === undefined) return true;
  const { conversation, position, seq, duplicate = false } = answer;
  const { message, conversation: made } = data as { message?: WireMessage; conversation?: WireConversation };
  if (!ids.mayBe(message?.conversation ?? made!.id, conversation) || (data.duplicate ?? false) !== duplicate)
    return false;
  if (!message) return true;
  const isThere = !device.isReader || (message.position === position && data.seq === seq);
  return isThere && ids.mayBe(message.id, { conversation, position: position! });
}

/** What was told that should not have been, or not so, or in another place. */
function wrongIn({ model, ids }: Known, { by, told }: Device): object | undefined {
  for (const { after, events } of told) {
    for (const [n, { event, seq, data }] of events.entries()) {
      const expected = model.event(by.person, by.app, after + n + 1);
      const seen = ids.told(data);
      const isRight = expected?.event === event && expected.data.some((each) => isSame(each, seen));
      if (!isRight || seq !== after + n + 1) return { to: by, place: after + n + 1, seq, event, seen, expected };
    }
  }
  const last = told.at(-1);
  const [head, expected] = [last && last.after + last.events.length, model.head(by.person)];
  return last && head !== expected ? { to: by, head, expected } : undefined;
}

function areOfOne(one: Done, other: Done): boolean {
  const of = ({ command }: Done) =>
    'message' in command ? command.message.conversation : 'conversation' in command ? command.conversation : undefined;
  return of(one) !== undefined && of(one) === of(other);
}

/** Of plain data, whichever realm a clone of it is from. */
function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || !one || !other) return one === other;
  const [keys, others] = [Object.keys(one), Object.keys(other)];
  return (
    keys.length === others.length &&
    keys.every((key) => isSame(one[key as keyof typeof one], other[key as keyof typeof other]))
  );
}
