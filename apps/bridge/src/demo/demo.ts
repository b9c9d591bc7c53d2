import type { Database } from '@drawbridge/database';
import { Messaging, type Sender } from '@drawbridge/messaging';
import { Partners, PartnersError } from '@drawbridge/partners';
import { Activities, People, type Person } from '@drawbridge/people';
import { type Kysely, sql } from 'kysely';
import type { Config } from '../config/config.js';
import { StartError } from '../start-error.js';
import {
  CONSOLE_CLIENT_ID,
  consoleApp,
  DEMO_ACTIVITIES,
  DEMO_CONVERSATIONS,
  DEMO_PASSWORD,
  DEMO_PEOPLE,
  type DemoPerson,
  REELHOUSE,
  TUNEBOX,
  tableside,
} from './cast.js';

/** Addresses of the console that are kept: as many as an operator may register (docs/operators.md). */
const MAX_CONSOLES = 20;

interface DemoTables {
  demo_seed: { single: boolean; started_at: Date; completed_at: Date | null };
}

/** StartError: everybody knows the password of demo people, so they are never served in production. */
export async function refuseDemoPeople(database: Database): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select id from person where id = any (${DEMO_PEOPLE.map(({ id }) => id)}::text[]) and erased_at is null
      and exists (select from demo_seed) order by id`.execute(database.tables());
  if (rows.length === 0) return;
  const names = rows.map(({ id }) => id).join(', ');
  throw new StartError(
    `This database has demo people (${names}), and NODE_ENV=production refuses to serve them. Set DATABASE_URL or DATA_DIR to another database.`,
  );
}

/**
 * Makes the demo's people, apps and messages, whatever of them is not there yet: an interrupted start is finished by
 * the next one, and what people did with the demo since then stays.
 */
export async function seedDemo(database: Database, config: Config): Promise<void> {
  const seed = () => new DemoSeed(database).run(internalOrigin(config), config.publicUrl);
  if (database.kind === 'pglite') return seed();
  // Several processes may start on one PostgreSQL. The embedded database has one process, and one connection.
  await database
    .tables<object>()
    .connection()
    .execute(async (connection) => {
      await sql`select pg_advisory_lock(hashtextextended('drawbridge demo', 0))`.execute(connection);
      try {
        await seed();
      } finally {
        await sql`select pg_advisory_unlock(hashtextextended('drawbridge demo', 0))`.execute(connection);
      }
    });
}

/** Redirect addresses are loopback addresses by number. */
function internalOrigin({ internalHost, internalPort }: Config): string {
  return internalHost === '::1' ? `http://[::1]:${internalPort}` : `http://127.0.0.1:${internalPort}`;
}

class DemoSeed {
  private readonly people: People;
  private readonly partners: Partners;
  private readonly db: Kysely<DemoTables>;

  constructor(private readonly database: Database) {
    this.people = new People(database);
    this.partners = new Partners(database);
    this.db = database.tables<DemoTables>();
  }

  async run(origin: string, publicUrl: string): Promise<void> {
    const recipes = tableside(publicUrl);
    const completed = await this.completed();
    // Apps that came later are added to a demo that an older version made.
    await this.addApps([TUNEBOX, REELHOUSE, recipes, consoleApp(origin)]);
    if (completed) {
      // A demo of an older version.
      await this.partners.setRequiresDpop(TUNEBOX.app.clientId, TUNEBOX.app.requiresDpop);
      // What depends on the settings of today.
      await this.partners.setRedirectUris(recipes.app.clientId, recipes.app.redirectUris);
      await this.addConsole(consoleApp(origin).app.redirectUris);
      return;
    }
    await this.converse(await this.meet());
    await this.share();
    await this.db.updateTable('demo_seed').set({ completed_at: sql`clock_timestamp()` }).execute();
  }

  /** Of several processes each serves the console, at an address of its own: that of this one comes first, the oldest goes. */
  private async addConsole(here: readonly string[]): Promise<void> {
    const { redirectUris: others = [] } = (await this.partners.app(CONSOLE_CLIENT_ID)) ?? {};
    const all = [...new Set([...here, ...others])].slice(0, MAX_CONSOLES);
    await this.partners.setRedirectUris(CONSOLE_CLIENT_ID, all);
  }

  /** What is there stays as it is, and so does what was removed. */
  private async addApps(
    apps: readonly (typeof TUNEBOX | typeof REELHOUSE | ReturnType<typeof tableside> | ReturnType<typeof consoleApp>)[],
  ) {
    for (const { partner, app } of apps) {
      if (await this.partners.app(app.clientId)) continue;
      await this.partners.createPartner({ ...partner, status: 'approved' }).catch(passOverRefused);
      await this.partners
        .createApp({ ...app, redirectUris: [...app.redirectUris], partner: partner.id })
        .catch(passOverRefused);
    }
  }

  /** Whether the demo is all there. Otherwise marks it as begun, unless people of these names are not the demo's. */
  private async completed(): Promise<boolean> {
    const begun = await this.db.selectFrom('demo_seed').select('completed_at').executeTakeFirst();
    if (begun) return begun.completed_at !== null;
    for (const { id } of DEMO_PEOPLE) {
      if (await this.people.byId(id)) {
        throw new StartError(`This database has a person ${id} of its own. Set DEMO=false, or use another database.`);
      }
    }
    await this.db.insertInto('demo_seed').values({ single: true, started_at: sql`clock_timestamp()` }).execute();
    return false;
  }

  private async meet(): Promise<Map<DemoPerson, Person>> {
    const met = new Map<DemoPerson, Person>();
    for (const { id, name } of DEMO_PEOPLE) {
      met.set(id, await this.people.put({ id, handle: id, name, login: id, password: DEMO_PASSWORD }));
    }
    const ids = DEMO_PEOPLE.map(({ id }) => id);
    for (const id of ids) {
      await this.people.setContacts(
        id,
        ids.filter((other) => other !== id),
      );
    }
    return met;
  }

  private async share(): Promise<void> {
    const activities = new Activities(this.database);
    for (const { person, activity } of DEMO_ACTIVITIES) await activities.share(person, activity);
  }

  /** Sent as the platform's own apps would: without a grant, and nobody is connected yet who could be told. */
  private async converse(people: Map<DemoPerson, Person>): Promise<void> {
    const problem = (_details: object, message: string) => {
      throw new Error(message);
    };
    const messaging = new Messaging({
      database: this.database,
      mayCommit: () => true,
      onCommitted: () => {},
      log: { warn: () => {}, error: problem },
    });
    const as = (id: DemoPerson): Sender => {
      const person = people.get(id);
      if (!person) throw new Error(`There is no demo person ${id}.`);
      return { key: person.key, id: person.id, name: person.name, app: '', permit: null };
    };
    for (const { clientId, creator, members, title, messages, recommendation } of DEMO_CONVERSATIONS) {
      const { conversation } = await messaging.createConversation(as(creator), { members, title, clientId });
      for (const [index, { from, text }] of messages.entries()) {
        await messaging.send(as(from), {
          conversation: conversation.id,
          text,
          clientId: numbered(clientId, index + 1),
        });
      }
      if (!recommendation) continue;
      const { from, ...what } = recommendation;
      const { clientId: app, name: appName } = REELHOUSE.app;
      await messaging.recommend(
        { ...as(from), app, appName },
        { ...what, clientId: numbered(clientId, messages.length + 1) },
      );
    }
    await messaging.drain();
  }
}

/** What operators did with the demo's partners and apps stands: there already, ended, or with a lower ceiling. */
function passOverRefused(error: unknown): void {
  if (!(error instanceof PartnersError && error.code !== 'invalid')) throw error;
}

/** A client id of its own for the `n`th message of a conversation. */
function numbered(clientId: string, n: number): string {
  return `${clientId.slice(0, 9)}${n.toString(16).padStart(4, '0')}${clientId.slice(13)}`;
}
