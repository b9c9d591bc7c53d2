import { type Kysely, sql } from 'kysely';
import { DEFAULT_MIGRATION_TABLE, type Migration as KyselyMigration, Migrator } from 'kysely/migration';
import { MigrationFailed } from './errors.js';

export type Migration = KyselyMigration;

/**
 * Runs what has not run yet, in the order of names, in one transaction and under the database's own lock, so that any
 * number of processes may start at once. Libraries number their migrations by themselves: a later one of a library
 * may sort before what already ran. MigrationFailed names the one that failed, or that this program does not know.
 */
export async function migrate<T>(db: Kysely<T>, migrations: Record<string, Migration>): Promise<void> {
  if (await isMigrated(db, Object.keys(migrations))) return;
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

/** The usual start: two small reads instead of the migrator's look at every table, which takes half a second embedded. */
async function isMigrated<T>(db: Kysely<T>, names: readonly string[]): Promise<boolean> {
  const table = await sql<{
    there: boolean;
  }>`select to_regclass(${DEFAULT_MIGRATION_TABLE}::text) is not null as there`.execute(db);
  if (!table.rows[0]?.there) return false;
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(DEFAULT_MIGRATION_TABLE)}`.execute(db);
  const ran = new Set(rows.map(({ name }) => name));
  return ran.size === names.length && names.every((name) => ran.has(name));
}
