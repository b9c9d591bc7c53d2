import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite, type PGliteOptions } from '@electric-sql/pglite';

/**
 * Opens the embedded database in `dataDir/postgres`. A new one is made in memory and unpacked from there, which takes
 * half the time of making it on the disk file by file; it gets its name when it is whole, so that one that was killed
 * on the way is made again.
 */
export async function openEmbeddedDirectory(dataDir: string, options: PGliteOptions): Promise<PGlite> {
  const path = join(dataDir, 'postgres');
  if (!existsSync(path)) await make(path);
  return PGlite.create({ ...options, dataDir: path });
}

async function make(path: string): Promise<void> {
  const making = `${path}.new`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  const inMemory = await PGlite.create();
  const loadDataDir = await inMemory.dumpDataDir('none');
  await inMemory.close();
  const unpacked = await PGlite.create({ dataDir: making, loadDataDir });
  await unpacked.close();
  if (readdirSync(making).length === 0) throw new Error('nothing was unpacked');
  renameSync(making, path);
}
