import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCOPES } from '@drawbridge/protocol';
import {
  BridgeClient,
  type BridgeProcess,
  ProtocolFrames,
  signIn,
  startBridge,
  type Tokens,
  UNLIMITED_RATES,
} from '@drawbridge/testing';
import { Random } from '../chaos/random.js';
import { Probe, probeEnv } from '../probe-client.js';
import { Attacker, Fault, type Tally } from './attacker.js';
import { Attacks, type World } from './attacks.js';
import { Judge } from './judge.js';
import type { HostileOptions } from './options.js';
import { Witness } from './witness.js';

/** Who attacks with an open session: two connections of each of these grants. One has four at most. */
const ATTACKERS = ['alice', 'bob', 'alice'] as const;
const CONNECTIONS_OF_A_GRANT = 2;
/** And who without a session. */
const UNOPENED = 4;
const SHARE_OF_OPEN = 0.75;
const DEMO_PASSWORD = 'drawbridge';
const QUARTERS = 4;
/** Of what is left after a full collection; a leak of one small object a frame is more. */
const MAX_HEAP_GROWTH_BYTES = 8_000_000;
const GONE_WITHIN_MS = 30_000;
/** Attacks are to be judged by the protocol, and not by how busy the machine is. */
const SETTINGS = { LEASE_MS: '30000', ACCESS_TOKEN_S: '7200', LOG_LEVEL: 'info', OPEN_WITHIN_MS: '600000' };

export interface HostileResult {
  readonly seed: number;
  readonly attacks: ReadonlyMap<string, number>;
  readonly outcomes: ReadonlyMap<string, number>;
  /** Of the bridge's heap after a full garbage collection, at the end of each quarter. */
  readonly heapBytes: readonly number[];
  /** Empty when everything was as it must be. */
  readonly problems: readonly string[];
}

/** Starts a bridge with demo people, attacks it, and looks what has become of it. */
export async function runHostile(
  { seed, frames }: HostileOptions,
  progress: (line: string) => void,
): Promise<HostileResult> {
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-hostile-'));
  const socket = join(folder, 'probe');
  try {
    await using bridge = await startBridge({
      database: 'pglite',
      env: { ...SETTINGS, ...UNLIMITED_RATES, ...probeEnv(socket) },
    });
    const probe = await Probe.connect(socket);
    progress(`seed ${seed}: ${frames} frames against process ${bridge.pid}`);
    const result = await attack(bridge, probe, { seed, frames }, progress);
    probe.close();
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function attack(
  bridge: BridgeProcess,
  probe: Probe,
  { seed, frames }: HostileOptions,
  progress: (line: string) => void,
): Promise<HostileResult> {
  const { pid } = bridge;
  const gaugeBefore = await connections(bridge);
  const tokens = await Promise.all([...ATTACKERS, 'carol'].map((login) => consoleTokens(bridge, login)));
  const witness = await Witness.connect(bridge, tokens.at(-1)!);
  const world = await makeWorld(bridge, tokens[0]!, tokens[1]!, witness);
  const stolen = await signIn(bridge, { login: 'dave', password: DEMO_PASSWORD, clientId: 'tunebox-desktop' });
  const tally: Tally = { attacks: new Map(), outcomes: new Map() };
  const attackers = makeAttackers(
    bridge,
    tokens,
    { ...world, own: { ...world.own, token: stolen.accessToken } },
    tally,
    seed,
  );
  const problems: string[] = [];
  const heapBytes: number[] = [];
  for (let quarter = 1; quarter <= QUARTERS && problems.length === 0; quarter++) {
    const each = attackers.map(({ attacker, share }) => attacker.attack(Math.ceil((share * frames) / QUARTERS)));
    for (const { reason } of await failed(each))
      problems.push(reason instanceof Fault ? `seed ${seed}: ${reason.message}` : String((reason as Error).stack));
    heapBytes.push((await probe.collected()).heapUsed);
    progress(`${total(tally.attacks)} frames; ${(heapBytes.at(-1)! / 1e6).toFixed(1)} MB of heap`);
  }
  await Promise.all(attackers.map(({ attacker }) => attacker.close()));
  problems.push(...(await witness.problems()));
  await witness.close();
  const growth = heapBytes.at(-1)! - heapBytes[0]!;
  if (growth > MAX_HEAP_GROWTH_BYTES) problems.push(`the heap has grown by ${growth} bytes since the first quarter`);
  const gaugeAfter = await connectionsGone(bridge, gaugeBefore);
  if (gaugeAfter !== gaugeBefore) problems.push(`${gaugeBefore} connections before, and ${gaugeAfter} after`);
  problems.push(...(await healthProblems(bridge, pid)));
  return { seed, attacks: tally.attacks, outcomes: tally.outcomes, heapBytes, problems };
}

/** An app of every scope, whose tokens are bound to no key. */
function consoleTokens(bridge: BridgeProcess, login: string): Promise<Tokens> {
  return signIn(bridge, {
    login,
    password: DEMO_PASSWORD,
    clientId: 'drawbridge-console',
    scopes: SCOPES,
    redirectUri: `${bridge.internalUrl}/console/`,
    bound: false,
  });
}

async function makeWorld(bridge: BridgeProcess, alice: Tokens, bob: Tokens, witness: Witness): Promise<World> {
  const clients = await Promise.all([alice, bob].map(() => BridgeClient.connect(bridge.publicUrl)));
  const [ofAlice, ofBob] = clients as [BridgeClient, BridgeClient];
  await Promise.all([ofAlice.open(alice.accessToken), ofBob.open(bob.accessToken)]);
  const create = async (members: string[]) => {
    const data = { members, clientId: randomUUID() };
    return (await ofAlice.request<{ conversation: { id: string } }>('conversation.create', data)).conversation.id;
  };
  const send = async (client: BridgeClient, conversation: string) => {
    const data = { conversation, text: 'Hi', clientId: randomUUID() };
    return (await client.request<{ message: { id: string } }>('message.send', data)).message.id;
  };
  const direct = await create(['bob']);
  const own = {
    direct,
    group: await create(['bob', 'carol']),
    ownMessage: await send(ofAlice, direct),
    message: await send(ofBob, direct),
  };
  const foreign = await witness.makePrivate();
  await Promise.all(clients.map((client) => client.close()));
  return { own, foreign };
}

function makeAttackers(bridge: BridgeProcess, tokens: readonly Tokens[], world: World, tally: Tally, seed: number) {
  const random = new Random(seed);
  const frames = new ProtocolFrames();
  const judge = new Judge(frames);
  const port = Number(new URL(bridge.publicUrl).port);
  const client = { name: 'attacker', version: '1' };
  const make = (name: string, session: object | undefined, share: number) => {
    const own = random.fork();
    const attacks = new Attacks(random.fork(), world, judge, name);
    const state = session ? 'open' : 'waiting';
    return { attacker: new Attacker({ name, port, state, session, random: own, attacks, frames, tally }), share };
  };
  const open = ATTACKERS.flatMap((person, index) =>
    Array.from({ length: CONNECTIONS_OF_A_GRANT }, (_, n) => {
      const share = SHARE_OF_OPEN / (ATTACKERS.length * CONNECTIONS_OF_A_GRANT);
      return make(`${person}-${index}${n}`, { token: tokens[index]!.accessToken, client }, share);
    }),
  );
  const unopened = Array.from({ length: UNOPENED }, (_, n) =>
    make(`nobody-${n}`, undefined, (1 - SHARE_OF_OPEN) / UNOPENED),
  );
  return [...open, ...unopened];
}

async function failed(each: readonly Promise<void>[]): Promise<PromiseRejectedResult[]> {
  return (await Promise.allSettled(each)).filter((one) => one.status === 'rejected');
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

async function metrics(bridge: BridgeProcess): Promise<string[]> {
  return (await (await fetch(`${bridge.internalUrl}/metrics`)).text()).split('\n');
}

async function connections(bridge: BridgeProcess): Promise<number> {
  const lines = (await metrics(bridge)).filter((line) => line.startsWith('drawbridge_connections{'));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** The bridge may take a moment to see that the last of them are gone. */
async function connectionsGone(bridge: BridgeProcess, before: number): Promise<number> {
  const until = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    const now = await connections(bridge);
    if (now === before || performance.now() > until) return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Whether it is the same process, well, and has nothing bad to tell of itself. */
async function healthProblems(bridge: BridgeProcess, pid: number): Promise<string[]> {
  const { status } = await fetch(`${bridge.publicUrl}/livez`);
  const faults = (await metrics(bridge)).filter((line) => /"internal"/.test(line) && !line.endsWith(' 0'));
  const lines = bridge
    .output()
    .split('\n')
    .filter((line) => /"level":(50|60)|nhandled|Error:|FATAL|warning/i.test(line));
  return [
    ...(bridge.pid === pid ? [] : ['it is another process']),
    ...(status === 200 ? [] : [`/livez says ${status}`]),
    ...faults.map((line) => `a fault of the bridge: ${line}`),
    ...lines.map((line) => `it logged: ${line.slice(0, 1_000)}`),
  ];
}
