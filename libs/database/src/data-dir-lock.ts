import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DatabaseUnavailable, DataDirInUse } from './errors.js';

const SQLITE_BUSY = 5;

/** Held by one process at a time, from before the embedded database is opened until after it is closed. */
export interface DataDirLock {
  release(): void;
}

/**
 * Takes the lock on a data directory, making the directory where it is missing. Two processes on one embedded
 * database lose acknowledged rows in silence, so the lock is the kernel's, on the file `lock`, taken by SQLite: it is
 * gone the moment its process is, kill -9 included, knows nothing of process ids that come back, and holds between
 * containers that share a volume. The file `lock.pid` only says whom to look for.
 */
export async function lockDataDir(dataDir: string): Promise<DataDirLock> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new DatabaseUnavailable(`The data directory ${dataDir} cannot be made: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const owner = join(dataDir, 'lock.pid');
  const lock = exclusively(join(dataDir, 'lock'), () => new DataDirInUse(inUse(dataDir, owner)));
  writeFileSync(owner, `${process.pid} ${new Date().toISOString()}\n`);
  return { release: () => lock.close() };
}

function exclusively(path: string, refused: () => Error): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path, { timeout: 0 });
    lock.exec('pragma journal_mode = memory; begin exclusive');
    return lock;
  } catch (error) {
    lock?.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) throw refused();
    throw new DatabaseUnavailable(`The data directory cannot be locked (${path}): ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function inUse(dataDir: string, owner: string): string {
  let by = 'another process';
  try {
    const [pid, since] = readFileSync(owner, 'utf8').trim().split(' ');
    if (pid) by = `process ${pid}${since ? `, since ${since}` : ''}`;
  } catch {
    // The other process is between taking the lock and writing its name.
  }
  return `The data directory ${dataDir} is in use by ${by}. Stop that process, or set DATA_DIR to another directory.`;
}
