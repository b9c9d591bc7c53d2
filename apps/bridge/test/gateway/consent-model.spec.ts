import { randomUUID } from 'node:crypto';
import { type GrantError, Grants } from '@drawbridge/consent';
import type { Database } from '@drawbridge/database';
import { Partners } from '@drawbridge/partners';
import { type EndReason, LIMITS, type Scope, scopeSet, scopesOf } from '@drawbridge/protocol';
import { type BridgeClient, testDatabase } from '@drawbridge/testing';
import fc from 'fast-check';
import { sql } from 'kysely';
import { codeOf, GatewayHarness, type Session, send } from './gateway-harness.js';
import { type Fate, LossyNetwork } from './lossy-network.js';

const RUNS = Number(process.env.DRAWBRIDGE_TEST_MODEL_RUNS ?? 10);
const PATIENT_MS = 300_000;
const GATEWAYS = 2;
/** Two partners; the first has two apps. */
const PARTNER_OF = [0, 0, 1] as const;
const SCOPES: readonly Scope[] = ['messages.read', 'messages.send', 'contacts.read'];

type Step =
  | { do: 'grant'; app: number; scopes: Scope[] }
  | { do: 'connect'; grant: number; gateway: number; scopes: Scope[] }
  | { do: 'narrow'; grant: number; scopes: Scope[] }
  | { do: 'end'; grant: number }
  | { do: 'suspend' | 'resume'; partner: number }
  | { do: 'app ceiling'; app: number; scopes: Scope[] }
  | { do: 'partner ceiling'; partner: number; scopes: Scope[] }
  | { do: 'flood'; messages: number }
  | { do: 'use'; connection: number }
  | { do: 'network'; fates: Fate[] };

const some = fc.subarray([...SCOPES]);
const most = fc.oneof({ weight: 3, arbitrary: fc.constant([...SCOPES]) }, { weight: 1, arbitrary: some });
const any = fc.nat(1_000);
const app = fc.nat(PARTNER_OF.length - 1);
const partner = fc.nat(1);
const step = <const T extends Step['do'], U extends object>(
  weight: number,
  kind: T,
  rest: { [K in keyof U]: fc.Arbitrary<U[K]> },
) => ({ weight, arbitrary: fc.record({ do: fc.constant(kind), ...rest }) as unknown as fc.Arbitrary<Step> });
const steps = fc.array(
  fc.oneof(
    step(3, 'grant', { app, scopes: most }),
    step(5, 'connect', { grant: any, gateway: fc.nat(GATEWAYS - 1), scopes: most }),
    step(3, 'narrow', { grant: any, scopes: some }),
    step(1, 'end', { grant: any }),
    step(1, 'suspend', { partner }),
    step(2, 'resume', { partner }),
    step(1, 'app ceiling', { app, scopes: most }),
    step(1, 'partner ceiling', { partner, scopes: most }),
    step(6, 'flood', { messages: fc.integer({ min: 1, max: 30 }) }),
    step(4, 'use', { connection: any }),
    step(1, 'network', {
      fates: fc.array(fc.constantFrom<Fate>('arrives', 'lost', 'twice'), { minLength: 1, maxLength: 5 }),
    }),
  ),
  { minLength: 20, maxLength: 60 },
);

/** What the model knows of a grant: the scopes shrink only, and it ends once. */
interface GrantState {
  readonly id: string;
  readonly app: number;
  scopes: Scope[];
  ended?: EndReason;
}

interface ConnectionState {
  readonly grant: GrantState;
  readonly client: BridgeClient;
  readonly tokenScopes: readonly Scope[];
  /** Messages begun when it was opened: every later one must come. */
  readonly openedAt: number;
  /** What it may still do, never more than before. */
  scopes: Scope[];
  /** Messages begun when it had lost messages.read for certain: no later one may come. */
  lostAt?: number;
}

const without = (scopes: readonly Scope[], left: readonly Scope[]) => scopes.filter((scope) => left.includes(scope));

/** The bridge, and beside it the few lines of what must be so. */
class Run {
  readonly connections: ConnectionState[] = [];
  private readonly grants: GrantState[] = [];
  private readonly ceilings = PARTNER_OF.map(() => [...SCOPES]);
  private readonly partners = [0, 1].map(() => ({ id: randomUUID(), suspended: false, scopes: [...SCOPES] }));
  private readonly clientIds = PARTNER_OF.map((n) => `app-${n}-${randomUUID()}`);
  private fates: readonly Fate[] = ['arrives'];
  private hints = 0;
  private readonly network = new LossyNetwork(() => this.fates[this.hints++ % this.fates.length]!);
  private readonly sends: Promise<unknown>[] = [];
  private bridges: GatewayHarness[] = [];
  private conversation = '';
  private begun = 0;

  constructor(private readonly database: Database) {}

  async start(): Promise<void> {
    const registry = new Partners(this.database);
    for (const { id } of this.partners) {
      const site = 'https://partner.example';
      const about = { homepage: site, privacyUrl: site, contact: 'team@partner.example' };
      await registry.createPartner({ id, name: `Partner ${id}`, ...about, scopes: [...SCOPES], status: 'approved' });
    }
    for (const [n, clientId] of this.clientIds.entries()) {
      const owner = this.partners[PARTNER_OF[n]!]!.id;
      const redirects = { kind: 'native' as const, redirectUris: ['http://127.0.0.1/callback'] };
      await registry.createApp({ clientId, partner: owner, name: 'App', ...redirects, scopes: [...SCOPES] });
    }
    for (let n = 0; n < GATEWAYS; n++) {
      const settings = { GATEWAY_ID: `gw-${n}` };
      this.bridges.push(await GatewayHarness.on(this.database, settings, false, this.network.join()));
    }
    const made = await this.platform.createConversation(this.bob, { members: ['alice'], clientId: randomUUID() });
    this.conversation = made.conversation.id;
    for (const app of PARTNER_OF.keys()) await this.grant(app, [...SCOPES]);
    for (const grant of PARTNER_OF.keys())
      await this.connect({ grant, gateway: grant % GATEWAYS, scopes: [...SCOPES] });
  }

  async stop(): Promise<void> {
    for (const { client } of this.connections) client.socket.terminate();
    await Promise.all(this.bridges.map((bridge) => bridge.stop()));
  }

  async perform(step: Step): Promise<void> {
    switch (step.do) {
      case 'grant':
        return this.grant(step.app, step.scopes);
      case 'connect':
        return this.connect(step);
      case 'flood':
        return this.flood(step.messages);
      case 'use': {
        const live = this.connections.filter(({ client }) => client.socket.readyState === 1);
        const used = live[step.connection % live.length];
        return used && this.use(used);
      }
      case 'network':
        this.fates = step.fates;
        return;
      case 'resume': {
        const { id } = this.partners[step.partner]!;
        await sql`update partner set status = 'approved' where id = ${id}::uuid`.execute(this.database.tables());
        this.partners[step.partner]!.suspended = false;
        return;
      }
      default:
        return this.take(step);
    }
  }

  /** Every connection that may still read has got every message begun since it was opened, and the others none too many. */
  async finish(): Promise<void> {
    this.fates = ['arrives'];
    this.flood(1);
    await Promise.all(this.sends);
    const barrier = `${this.begun}`;
    for (const { client, scopes } of this.connections)
      if (scopes.includes('messages.read')) await client.waitFor((frame) => textsOf([frame])[0] === barrier);
    for (const connection of this.connections) this.check(connection);
  }

  private check({ client, openedAt, lostAt }: ConnectionState): void {
    const numbers = textsOf(client.frames).map(Number);
    // In order and without a gap (I4): what it got is one interval.
    expect(numbers).toEqual(numbers.map((_, n) => numbers[0]! + n));
    if (lostAt === undefined) expect([numbers[0]! <= openedAt + 1, numbers.at(-1)]).toEqual([true, this.begun]);
    else if (numbers.length > 0) expect(numbers.at(-1)).toBeLessThanOrEqual(lostAt);
    expect(client.problems).toEqual([]);
    let reads = true;
    for (const { event, data } of client.frames) {
      const { scopes } = (data.grant ?? (event === 'grant.changed' ? data : {})) as { scopes?: Scope[] };
      reads = scopes ? scopes.includes('messages.read') : reads;
      // Replies that were computed before as well (I1).
      if (!reads) expect([event, data.messages, event.startsWith('message.')]).toEqual([event, undefined, false]);
    }
  }

  private async grant(n: number, asked: Scope[]): Promise<void> {
    const owner = this.partners[PARTNER_OF[n]!]!;
    const scopes = without(without(asked, this.ceilings[n]!), owner.scopes);
    const making = new Grants(this.database).create({
      person: this.bridges[0]!.key('alice'),
      clientId: this.clientIds[n]!,
      partner: owner.id,
      scopes: asked,
      authTime: new Date(),
      days: 90,
    });
    const made = await making.catch(({ code }: GrantError) => code);
    if (owner.suspended) expect(made).toBe('app_not_allowed');
    else if (scopes.length === 0) expect(made).toBe('no_scope');
    else {
      expect(made).toMatchObject({ scopes });
      if (typeof made === 'object') this.grants.push({ id: made.id, app: n, scopes });
    }
  }

  private async connect(step: { grant: number; gateway: number; scopes: Scope[] }): Promise<void> {
    const grant = this.grants[step.grant % this.grants.length];
    // A fifth connection would cost the first one its place, which is another matter.
    const isFull = this.connections.filter((other) => other.grant === grant).length === LIMITS.maxConnectionsPerGrant;
    if (!grant || (isFull && !grant.ended)) return;
    const bridge = this.bridges[step.gateway]!;
    const token = await bridge.token('alice', grant.id, { clientId: this.clientIds[grant.app]!, scopes: step.scopes });
    const client = await bridge.connect();
    const openedAt = this.begun;
    const opening = client.open<Session>(token);
    const code = await codeOf(opening);
    if (grant.ended) {
      expect([code, await client.closed]).toEqual(['consent_ended', { code: 4403, reason: grant.ended }]);
      return;
    }
    const scopes = without(grant.scopes, step.scopes);
    expect([code, code === 'ok' && (await opening).grant.scopes]).toEqual(['ok', scopes]);
    const lost = scopes.includes('messages.read') ? {} : { lostAt: 0 };
    this.connections.push({ grant, client, tokenScopes: step.scopes, openedAt, scopes, ...lost });
  }

  /** What a command is answered is what the model allows at this moment. */
  private async use({ client, scopes }: ConnectionState): Promise<void> {
    const allowed = (scope: Scope) => (scopes.includes(scope) ? 'ok' : 'scope_missing');
    const { conversation } = this;
    const read = await codeOf(client.request('conversation.history', { conversation, limit: 3 }));
    const listed = await codeOf(client.request('conversation.list', {}));
    expect([read, listed]).toEqual([allowed('messages.read'), allowed('messages.read')]);
    // To no conversation, so that the numbers of the flood stay without a gap.
    const sent = await codeOf(send(client, randomUUID(), 'to nobody'));
    expect(sent).toBe(scopes.includes('messages.send') ? 'not_found' : 'scope_missing');
  }

  /** Takes consent away in the middle of a flood; when that has taken effect, so it has in the model. */
  private async take(step: Exclude<Step, { do: 'grant' | 'connect' | 'flood' | 'use' | 'network' | 'resume' }>) {
    const { endings } = this.bridges[0]!;
    const by = 'olga';
    this.flood(5);
    switch (step.do) {
      case 'narrow': {
        const grant = this.grants[step.grant % this.grants.length];
        if (!grant) return;
        await endings.narrow({ grant: grant.id, scopes: step.scopes, by });
        if (!grant.ended) this.cut([grant], step.scopes);
        break;
      }
      case 'end': {
        const grant = this.grants[step.grant % this.grants.length];
        if (!grant) return;
        const [receipt] = await endings.end({ grants: [grant.id], reason: 'revoked_by_person', by });
        expect(receipt?.grant).toBe(grant.id);
        this.over([grant], 'revoked_by_person');
        break;
      }
      case 'suspend': {
        const owner = this.partners[step.partner]!;
        const receipt = await endings.endPartner({ partner: owner.id, status: 'suspended', by });
        expect(receipt !== undefined).toBe(!owner.suspended);
        if (owner.suspended) return;
        owner.suspended = true;
        this.over(
          this.grants.filter((grant) => PARTNER_OF[grant.app] === step.partner),
          'partner_suspended',
        );
        break;
      }
      case 'app ceiling':
        await endings.setAppCeiling({ app: this.clientIds[step.app]!, scopes: step.scopes, by });
        this.ceilings[step.app] = step.scopes;
        this.cut(
          this.grants.filter((grant) => grant.app === step.app),
          step.scopes,
        );
        break;
      case 'partner ceiling':
        await endings.setPartnerCeiling({ partner: this.partners[step.partner]!.id, scopes: step.scopes, by });
        this.partners[step.partner]!.scopes = step.scopes;
        this.cut(
          this.grants.filter((grant) => PARTNER_OF[grant.app] === step.partner),
          step.scopes,
        );
        break;
    }
    for (const connection of this.connections) {
      const { grant, client } = connection;
      connection.scopes = grant.ended ? [] : without(without(connection.scopes, grant.scopes), connection.tokenScopes);
      if (!connection.scopes.includes('messages.read')) connection.lostAt ??= this.begun;
      if (grant.ended) expect(await client.closed).toEqual({ code: 4403, reason: grant.ended });
    }
  }

  private cut(grants: readonly GrantState[], left: readonly Scope[]): void {
    for (const grant of grants) grant.scopes = scopesOf(scopeSet(without(grant.scopes, left)));
  }

  private over(grants: readonly GrantState[], reason: EndReason): void {
    for (const grant of grants) grant.ended ??= reason;
  }

  /** Numbered messages to Alice from the platform, which needs no consent; nobody waits for them. */
  private flood(messages: number): void {
    for (let n = 0; n < messages; n++) {
      this.begun += 1;
      const data = { conversation: this.conversation, text: `${this.begun}`, clientId: randomUUID() };
      this.sends.push(this.platform.send(this.bob, data));
    }
  }

  private get platform() {
    return this.bridges[0]!.messaging;
  }

  private get bob() {
    return { key: this.bridges[0]!.key('bob'), id: 'bob', name: 'Bob', app: '', permit: null };
  }
}

function textsOf(frames: BridgeClient['frames']): string[] {
  return frames.flatMap(({ event, data }) =>
    event === 'message.created' ? [(data.message as { text: string }).text] : [],
  );
}

describe('Grants, ceilings and partners that are narrowed, ended, suspended and resumed at random in a flood', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDatabase('postgres');
  });
  afterAll(() => database.close());

  test(
    'no frame goes out that the model forbids, and none is missing that it allows (I1, I2, I4)',
    async () => {
      let connections = 0;
      await fc.assert(
        fc.asyncProperty(steps, async (plan) => {
          const run = new Run(database);
          await run.start();
          try {
            for (const step of plan) await run.perform(step);
            await run.finish();
          } finally {
            connections += run.connections.length;
            await run.stop();
          }
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
      console.log(`${RUNS} runs, ${connections} connections`);
    },
    PATIENT_MS,
  );
});
