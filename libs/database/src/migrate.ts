import type { Kysely } from 'kysely';
import { type Migration as KyselyMigration, Migrator } from 'kysely/migration';
import { MigrationFailed } from './errors.js';

export type Migration = KyselyMigration;

/**
 * Runs what has not run yet, in the order of names, in one transaction and under the database's own lock, so that any
 * number of processes may start at once. Libraries number their migrations by themselves: a later one of a library
 * may sort before what already ran. MigrationFailed names the one that failed, or that this program does not know.
 */
export async function migrate<T>(db: Kysely<T>, migrations: Record<string, Migration>): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    allowUnorderedMigrations: true,
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const failed = results?.find(({ status }) => status === 'Error')?.migrationName;
  const why = error instanceof Error ? error.message : String(error);
  throw new MigrationFailed(
    failed ? `The migration ${failed} failed: ${why}` : `The database could not be migrated: ${why}`,
    { cause: error },
  );
}
