import { type BridgeClient, FormBrowser, formWith, type Tokens } from '@drawbridge/testing';
import { sql } from 'kysely';
import { ClusterWorld, directTo, Flood, grantOf, sendNews } from './cluster-world.js';

const PATIENT_MS = 120_000;
const READERS = 6;
const LIVES_EACH = 12;
/** After so many lives of all readers together a gateway is killed. */
const KILL_AFTER = 20;

interface Shown {
  conversation: string;
  position: number;
}

/** One connection, as its client saw it. */
interface Life {
  readonly client: BridgeClient;
  /** What it was to begin after. */
  readonly from: number;
  /** Pages that were asked for, and those that came. */
  asked: number;
  readonly pages: Shown[][];
  /** Whether the client can have got all that was handed to its socket. */
  whole: boolean;
}

interface Window {
  id: number;
  grant: string;
  gateway: string;
  from: number;
  last: number | null;
  by: 'connection' | 'end' | 'lease_expired';
  atMost: boolean;
}

const seqsOf = ({ client }: Life) => client.frames.flatMap(({ seq }) => seq ?? []);

describe('The record, with a flood, clients that come and go, and a gateway that is killed', () => {
  let world: ClusterWorld;
  beforeAll(async () => {
    world = await ClusterWorld.start();
  }, PATIENT_MS);
  afterAll(() => world[Symbol.asyncDispose]());

  test(
    'what every client received is covered by windows and pages of its grant, and what is exact claims nothing else (I8)',
    async () => {
      const bob = await world.connect(0, await world.signIn('bob'));
      const conversations = [await directTo(bob, 'alice'), await directTo(bob, 'carol')];
      for (const conversation of conversations) await sendNews(bob, conversation);
      // Whoever else is on it when it is killed, somebody is.
      const bystander = await world.connect(2, await world.signIn('dave'));
      const alive = [0, 1, 2];
      let begun = 0;
      let killed: Promise<unknown> | undefined;
      const readers = await Promise.all(
        Array.from(
          { length: READERS },
          async (_, n) => new Reader(world, await world.signIn(n % 2 ? 'carol' : 'alice'), conversations[n % 2]!),
        ),
      );
      const flood = new Flood(
        conversations.map((conversation) => ({ client: bob, conversation })),
        2,
      );
      await Promise.all(
        readers.map(async (reader, n) => {
          for (let life = 0; life < LIVES_EACH; life++) {
            if (++begun === KILL_AFTER) {
              alive.pop();
              killed = world.cluster.bridges[2]!.kill();
            }
            await reader.live(alive[(n + life) % alive.length]!, life);
          }
        }),
      );
      await killed;
      expect((await bystander.closed).code).toBe(1006);
      await flood.stop();
      const told = await sentencesFor(world, 'alice');
      for (const reader of readers.filter((_, n) => n % 2 === 0)) {
        const { messages, conversations } = told.get(reader.grant)!;
        expect(messages).toBeGreaterThanOrEqual(reader.distinctMessages());
        expect(messages).toBeLessThanOrEqual(flood.sent + conversations * 10);
      }
      await Promise.all(readers.map((reader) => reader.end(alive[0]!)));
      await bob.close();

      const windows = await closedWindows(world);
      for (const reader of readers) {
        expect(reader.problems()).toEqual([]);
        covers(
          windows.filter(({ grant }) => grant === reader.grant),
          reader.lives,
        );
        pagesCover(await pagesOf(world, reader.grant), reader.lives);
      }
      const lives = readers.flatMap((reader) => reader.lives);
      const ways = new Set(windows.map(({ by }) => by));
      expect([...ways].sort()).toEqual(['connection', 'end', 'lease_expired']);
      // So that it was a test of something.
      expect(lives.reduce((sum, life) => sum + seqsOf(life).length, 0)).toBeGreaterThan(200);
      expect(lives.filter(({ whole }) => whole).length).toBeGreaterThan(READERS * 3);
    },
    PATIENT_MS,
  );
});

/** A client on a grant of its own that comes and goes. */
class Reader {
  readonly lives: Life[] = [];
  readonly grant: string;
  private epoch = '';

  constructor(
    private readonly world: ClusterWorld,
    private readonly tokens: Tokens,
    private readonly conversation: string,
  ) {
    this.grant = grantOf(tokens);
  }

  problems(): string[] {
    return this.lives.flatMap(({ client }) => client.problems);
  }

  /** Of all that were events or in a page, each once. */
  distinctMessages(): number {
    const events = this.lives.flatMap(({ client }) =>
      client.frames.flatMap(({ event, data }) => (event === 'message.created' ? [data.message as Shown] : [])),
    );
    return new Set([...events, ...this.lives.flatMap(({ pages }) => pages.flat())].map((shown) => namesOf([shown])))
      .size;
  }

  /** Opens, sometimes where the last one ended, gets events and pages, and goes in one of several ways. */
  async live(gateway: number, n: number): Promise<void> {
    const life = await this.open(gateway, n % 3 !== 0).catch(() => undefined);
    if (!life) return;
    const { client } = life;
    await this.reads(life, 1 + (n % 3)).catch(() => {});
    if (n % 4 === 1) {
      // In the middle of things, with a page on its way.
      void this.reads(life, 1).catch(() => {});
      client.socket.terminate();
    } else {
      client.socket.close(1000);
      life.whole = (await client.closed).code === 1000;
    }
    await client.closed;
  }

  async end(gateway: number): Promise<void> {
    const life = (await this.open(gateway, true))!;
    await this.reads(life, 1);
    await life.client.request('session.close', {});
    life.whole = (await life.client.closed).code === 4403;
  }

  private async open(gateway: number, resumes: boolean): Promise<Life | undefined> {
    const last = this.lives.at(-1);
    const resume = resumes && last ? { epoch: this.epoch, after: last.client.lastSeq ?? last.from } : undefined;
    const client = await this.world.unopened(gateway);
    const { mailbox } = await client.open<{ mailbox: { epoch: string; head: number } }>(this.tokens, resume);
    this.epoch = mailbox.epoch;
    const life = { client, from: resume?.after ?? mailbox.head, asked: 0, pages: [], whole: false };
    this.lives.push(life);
    return life;
  }

  private async reads(life: Life, pages: number): Promise<void> {
    const { conversation } = this;
    for (let n = 0; n < pages; n++) {
      life.asked += 1;
      const page = await life.client.request<{ messages: Shown[] }>('conversation.history', {
        conversation,
        limit: 20,
      });
      life.pages.push(page.messages);
    }
    life.asked += 1;
    const list = await life.client.request<{ conversations: { lastMessage?: Shown }[] }>('conversation.list', {});
    life.pages.push(list.conversations.flatMap(({ lastMessage }) => lastMessage ?? []));
  }
}

/** What Connected apps says of each grant of a person. */
async function sentencesFor(
  { cluster }: ClusterWorld,
  login: string,
): Promise<Map<string, { messages: number; conversations: number }>> {
  const browser = new FormBrowser(cluster.publicUrl);
  const page = await browser.get('/connected-apps');
  const { html } = await browser.submit(formWith(page, 'login'), { login, password: 'drawbridge' });
  const sentences = html.matchAll(
    /id="grant-([-0-9a-f]{36})".*?Tunebox<\/bdi> read (?:up to )?([\d,]+) messages? in (\d+) conversations? this week/gs,
  );
  return new Map(
    [...sentences].map(([, grant, messages, conversations]) => [
      grant!,
      { messages: Number(messages!.replaceAll(',', '')), conversations: Number(conversations) },
    ]),
  );
}

/** When the sweep has closed those of the gateway that was killed too. */
async function closedWindows({ database }: ClusterWorld): Promise<Window[]> {
  for (;;) {
    const { rows } = await sql<Window & { open: boolean }>`
      select id, grant_id as grant, gateway, from_seq as "from", last_seq as "last", closed_by as "by",
             at_most as "atMost", closed_at is null as open
      from access_window order by id`.execute(database.tables());
    if (rows.every(({ open }) => !open)) return rows;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Each connection has its window, in the order in which a grant's connections were opened. */
function covers(windows: readonly Window[], lives: readonly Life[]): void {
  const left = [...windows];
  for (const life of lives) {
    const at = left.findIndex(({ from, gateway }) => from === life.from && gateway === life.client.hello.gateway);
    expect(at).toBeGreaterThanOrEqual(0);
    for (const none of left.splice(0, at)) expect(none).toMatchObject(none.atMost ? {} : { last: null });
    const window = left.shift()!;
    const seqs = seqsOf(life);
    expect(Math.min(...seqs, Number.POSITIVE_INFINITY)).toBeGreaterThan(window.from);
    expect(Math.max(...seqs, 0)).toBeLessThanOrEqual(window.last ?? 0);
    expect(window.atMost).toBe(window.by === 'lease_expired');
    // One whose gateway was killed before it had said so is closed "at most" all the same.
    if (life.whole && !window.atMost) expect(window.last ?? 0).toBe(Math.max(...seqs, 0));
  }
  for (const none of left) expect(none).toMatchObject(none.atMost ? {} : { last: null });
}

interface PageRow {
  conversations: string[];
  from: number[];
  to: number[];
}

async function pagesOf({ database }: ClusterWorld, grant: string): Promise<string[]> {
  const { rows } = await sql<PageRow>`
    select conversations, from_positions as "from", to_positions as "to" from access_page
    where grant_id = ${grant}::uuid order by id`.execute(database.tables());
  return rows.map(({ conversations, from, to }) =>
    namesOf(
      conversations.flatMap((conversation, n) =>
        Array.from({ length: to[n]! - from[n]! + 1 }, (_, i) => ({ conversation, position: from[n]! + i })),
      ),
    ),
  );
}

function namesOf(shown: readonly Shown[]): string {
  return shown
    .map(({ conversation, position }) => `${conversation} ${position}`)
    .sort()
    .join();
}

/** Each page that came is on the record, message by message; what else is there was asked for and did not arrive. */
function pagesCover(recorded: readonly string[], lives: readonly Life[]): void {
  const left = [...recorded];
  for (const page of lives.flatMap(({ pages }) => pages)) {
    const at = left.indexOf(namesOf(page));
    expect(at).toBeGreaterThanOrEqual(0);
    left.splice(at, 1);
  }
  const unanswered = lives.reduce((sum, { asked, pages }) => sum + asked - pages.length, 0);
  expect(left.length).toBeLessThanOrEqual(unanswered);
}
