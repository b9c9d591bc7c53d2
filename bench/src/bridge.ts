import { Database } from '@drawbridge/database';
import { People } from '@drawbridge/people';
import { postgresUrl, signIn, startBridge } from '@drawbridge/testing';

/** The bridge on a real PostgreSQL, with people who have all signed in through the real flow. */
export async function startBenchBridge(people: readonly string[]) {
  const databaseUrl = await postgresUrl();
  // Tokens outlive the run, so that no refresh falls into a measured second.
  const bridge = await startBridge({
    database: 'postgres',
    databaseUrl,
    env: { DEMO: 'true', ACCESS_TOKEN_S: '3600' },
  });
  const database = await Database.open({ url: databaseUrl });
  const directory = new People(database);
  for (const id of people) await directory.put({ id, handle: id, name: id, login: id, password: 'drawbridge' });
  for (const [index, id] of people.entries()) await directory.setContacts(id, [people[index ^ 1]!]);
  await database.close();
  const tokens: string[] = [];
  for (const id of people) {
    const signedIn = await signIn(bridge, { login: id, password: 'drawbridge', clientId: 'tunebox-desktop' });
    tokens.push(signedIn.accessToken);
  }
  return {
    name: 'bridge on PostgreSQL',
    url: `${bridge.publicUrl.replace('http', 'ws')}/bridge`,
    pid: bridge.pid,
    tokens,
    stop: async () => {
      await bridge.stop();
    },
  };
}
