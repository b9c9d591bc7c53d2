import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '@drawbridge/bus';
import type { Database } from '@drawbridge/database';
import { type BridgeClient, CodedError, testDatabase } from '@drawbridge/testing';
import fc from 'fast-check';
import { codeOf, GatewayHarness, type Name, type Sent, type Session } from './gateway-harness.js';
import { type Fate, LossyNetwork } from './lossy-network.js';

const RUNS = Number(process.env.DRAWBRIDGE_TEST_MODEL_RUNS ?? 12);
const PATIENT_MS = 300_000;
/** Far more than the 5 s in which the store is asked where hints were lost. */
const ARRIVES_WITHIN_MS = 20_000;
const GATEWAYS = 3;
const PEOPLE: readonly Name[] = ['alice', 'bob', 'carol'];
/** Each person has two devices, so that a person's own other device is among those that must be told. */
const DEVICES = PEOPLE.flatMap((person) => [person, person]);

type Step =
  | { do: 'send'; device: number; conversation: number; burst: number }
  | { do: 'repeat'; device: number }
  | { do: 'disconnect'; device: number }
  | { do: 'connect'; device: number; gateway: number }
  | { do: 'kill'; gateway: number }
  | { do: 'network'; fates: Fate[] }
  | { do: 'settle' };

const device = fc.nat(DEVICES.length - 1);
const gateway = fc.nat(GATEWAYS - 1);
const steps = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        do: fc.constant('send' as const),
        device,
        conversation: fc.nat(1),
        burst: fc.integer({ min: 1, max: 8 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), device }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('disconnect' as const), device }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('connect' as const), device, gateway }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), gateway }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('network' as const),
        fates: fc.array(fc.constantFrom<Fate>('arrives', 'lost', 'twice', 'late'), { minLength: 1, maxLength: 8 }),
      }),
    },
    { weight: 3, arbitrary: fc.constant<Step>({ do: 'settle' }) },
  ),
  { minLength: 15, maxLength: 50 },
);

/** A message as its sender knows it: asked for once or more, and in the end accepted. */
interface Wish {
  readonly device: number;
  readonly conversation: number;
  readonly text: string;
  readonly clientId: string;
  accepted?: Sent;
}

interface Gateway {
  readonly harness: GatewayHarness;
  readonly bus: Bus & { die(): void };
}

/** The gateways and devices of one run, and what everybody must have been told at its end. */
class Run {
  readonly devices: Device[] = [];
  readonly wishes: Wish[] = [];
  private readonly asked = new Set<Promise<unknown>>();
  private fates: readonly Fate[] = ['arrives'];
  private hints = 0;
  private readonly network = new LossyNetwork(() => this.fates[this.hints++ % this.fates.length]!);
  private readonly dead: Promise<unknown>[] = [];
  private gateways: Gateway[] = [];
  private conversations: string[] = [];

  constructor(private readonly database: Database) {}

  async start(): Promise<void> {
    this.gateways = [];
    for (let n = 0; n < GATEWAYS; n++) this.gateways.push(await this.gateway(n));
    for (const [n, person] of DEVICES.entries()) this.devices.push(await this.device(person, n % GATEWAYS));
    const [alice] = this.devices;
    for (const members of [['bob'], ['bob', 'carol']]) {
      const made = await alice!.client!.request<{ conversation: { id: string } }>('conversation.create', {
        members,
        ...(members.length > 1 ? { title: 'All of them' } : {}),
        clientId: randomUUID(),
      });
      this.conversations.push(made.conversation.id);
    }
  }

  async perform(step: Step): Promise<void> {
    switch (step.do) {
      case 'send':
        for (let n = 0; n < step.burst; n++) this.send(step.device, step.conversation);
        return;
      case 'repeat': {
        const wish = this.wishes.findLast((each) => each.device === step.device);
        if (wish) this.ask(wish);
        return;
      }
      case 'disconnect':
        return this.devices[step.device]!.disconnect();
      case 'connect':
        return this.devices[step.device]!.connect(this.gateways[step.gateway]!.harness);
      case 'kill':
        return this.kill(step.gateway);
      case 'network':
        this.fates = step.fates;
        return;
      case 'settle':
        await Promise.all(this.asked);
    }
  }

  /** Everybody connects, everything is accepted, and a last message to each conversation has reached everybody. */
  async finish(): Promise<void> {
    this.fates = ['arrives'];
    for (const [n, each] of this.devices.entries())
      if (!each.isConnected) await each.connect(this.gateways[n % GATEWAYS]!.harness);
    await Promise.all(this.asked);
    for (const wish of this.wishes) while (!wish.accepted) await this.ask(wish);
    for (const conversation of [0, 1]) {
      const last = this.send(0, conversation);
      await this.ask(last);
      for (const each of this.devices) if (this.isMember(each, conversation)) await each.gets(last.text);
    }
  }

  check(): void {
    for (const [n, id] of this.conversations.entries()) {
      const wishes = this.wishes.filter(({ conversation }) => conversation === n);
      const inOrder = wishes.toSorted((a, b) => a.accepted!.message.position - b.accepted!.message.position);
      const expected = inOrder.map(({ text }) => text);
      // I5: asked for again and again, each has one place.
      expect(new Set(inOrder.map(({ accepted }) => accepted!.message.position)).size).toBe(inOrder.length);
      for (const each of this.devices) expect(each.textsOf(id)).toEqual(this.isMember(each, n) ? expected : []);
    }
    for (const each of this.devices) expect(each.problems).toEqual([]);
  }

  async stop(): Promise<void> {
    for (const each of this.devices) each.disconnect();
    await Promise.all(this.gateways.map(({ harness }) => harness.stop()));
    await Promise.all(this.dead);
  }

  private isMember({ person }: Device, conversation: number): boolean {
    return conversation === 1 || person !== 'carol';
  }

  private send(device: number, conversation: number): Wish {
    const [sender] = [this.devices[device]!];
    // Who is no member writes to the group instead.
    const to = this.isMember(sender, conversation) ? conversation : 1;
    const wish: Wish = { device, conversation: to, text: `${this.wishes.length}`, clientId: randomUUID() };
    this.wishes.push(wish);
    void this.ask(wish);
    return wish;
  }

  private ask(wish: Wish): Promise<void> {
    const { client } = this.devices[wish.device]!;
    const data = { conversation: this.conversations[wish.conversation]!, text: wish.text, clientId: wish.clientId };
    const asked = (client?.request<Sent>('message.send', data) ?? Promise.reject(new Error('closed'))).then(
      (accepted) => {
        if (wish.accepted) expect(accepted.message).toEqual(wish.accepted.message);
        wish.accepted ??= accepted;
      },
      (error: unknown) => {
        // A connection that was lost says nothing; everything else must be a reason to try again.
        if (error instanceof CodedError) expect(error.data).toMatchObject({ retryable: true });
      },
    );
    this.asked.add(asked);
    return asked.finally(() => this.asked.delete(asked));
  }

  private async gateway(n: number): Promise<Gateway> {
    const bus = this.network.join();
    const settings = { GATEWAY_ID: `gw-${n}`, LEASE_MS: '3000' };
    return { bus, harness: await GatewayHarness.on(this.database, settings, false, bus) };
  }

  /** As far as anybody else can tell: its connections break, and it says nothing more. Another one starts in its place. */
  private async kill(n: number): Promise<void> {
    const { harness, bus } = this.gateways[n]!;
    bus.die();
    for (const socket of harness.sockets) socket.destroy();
    this.dead.push(harness.stop());
    this.gateways[n] = await this.gateway(n);
  }

  private async device(person: Name, n: number): Promise<Device> {
    const { harness } = this.gateways[n]!;
    const grant = await harness.grant(person);
    const made = new Device(person, await harness.token(person, grant));
    await made.connect(harness);
    return made;
  }
}

/** What one installation of an app remembers over its connections. */
class Device {
  client: BridgeClient | undefined;
  readonly problems: string[] = [];
  private readonly past: BridgeClient[] = [];
  private place: { epoch: string; after: number } | undefined;

  constructor(
    readonly person: Name,
    private readonly token: string,
  ) {}

  get isConnected(): boolean {
    return this.client?.socket.readyState === 1;
  }

  async connect(gateway: GatewayHarness): Promise<void> {
    this.disconnect();
    const client = await gateway.connect();
    const opening = client.open<Session>(this.token, this.place);
    const code = await codeOf(opening);
    if (code !== 'ok') return void expect(code).toMatch(/^(consent_unverifiable|closed.*)$/);
    const { epoch, head } = (await opening).mailbox!;
    this.place ??= { epoch, after: head };
    this.client = client;
  }

  disconnect(): void {
    const { client } = this;
    if (!client) return;
    client.socket.terminate();
    this.problems.push(...client.problems);
    this.past.push(client);
    if (client.lastSeq !== undefined) this.place = { ...this.place!, after: client.lastSeq };
    this.client = undefined;
  }

  async gets(text: string): Promise<void> {
    const { client } = this;
    const got = client!.waitFor(({ event, data }) => event === 'message.created' && messageOf(data).text === text);
    const late = sleep(ARRIVES_WITHIN_MS, 'late', { ref: false });
    if ((await Promise.race([got, late])) === 'late') this.problems.push(`${this.person} was not told ${text}`);
    this.problems.push(...client!.problems);
  }

  /** Everything it was ever told of a conversation, in the order it was told. */
  textsOf(conversation: string): string[] {
    return [...this.past, this.client!].flatMap(({ frames }) =>
      frames
        .filter(({ event, data }) => event === 'message.created' && messageOf(data).conversation === conversation)
        .map(({ data }) => messageOf(data).text),
    );
  }
}

const messageOf = (data: Record<string, unknown>) => data.message as { conversation: string; text: string };

describe('People and gateways, sends, disconnects, resumes and deaths, while hints are lost, repeated and late', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDatabase('postgres');
  });
  afterAll(() => database.close());

  test(
    'every client ends with exactly what was accepted, in order and once (I3, I4, I5, I7)',
    async () => {
      let sends = 0;
      await fc.assert(
        fc.asyncProperty(steps, async (plan) => {
          const run = new Run(database);
          await run.start();
          try {
            for (const step of plan) await run.perform(step);
            await run.finish();
            run.check();
          } finally {
            sends += run.wishes.length;
            await run.stop();
          }
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
      console.log(`${RUNS} runs, ${sends} messages`);
    },
    PATIENT_MS,
  );
});
