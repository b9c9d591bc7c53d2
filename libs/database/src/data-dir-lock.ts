import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DatabaseUnavailable, DataDirInUse } from './errors.js';
import { makeDirectory, shownPath, systemReason } from './make-directory.js';

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
  await makeDirectory(dataDir).catch((error: unknown) => {
    throw unusable('cannot be made', dataDir, error);
  });
  const owner = join(dataDir, 'lock.pid');
  const lock = exclusively(dataDir, () => new DataDirInUse(inUse(dataDir, owner)));
  try {
    writeFileSync(owner, `${process.pid} ${new Date().toISOString()}\n`);
  } catch (error) {
    lock.close();
    throw unusable('cannot be written to', dataDir, error);
  }
  return { release: () => lock.close() };
}

function exclusively(dataDir: string, inUseError: () => Error): DatabaseSync {
  const path = join(dataDir, 'lock');
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path, { timeout: 0 });
    lock.exec('pragma journal_mode = memory; begin exclusive');
    return lock;
  } catch (error) {
    lock?.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) throw inUseError();
    throw unusable('cannot be locked', dataDir, lock === undefined ? (whyUnwritable(path) ?? error) : error);
  }
}

/** SQLite only says that it was unable to open its file; the system says why. */
function whyUnwritable(path: string): unknown {
  try {
    // Closing a file drops this process's locks on it, but SQLite could not open it, so there are none.
    closeSync(openSync(path, 'a'));
    return undefined;
  } catch (error) {
    return error;
  }
}

function unusable(how: string, dataDir: string, cause: unknown): DatabaseUnavailable {
  const what = `The data directory ${shownPath(dataDir)} ${how}: ${systemReason(cause)}.`;
  return new DatabaseUnavailable(`${what} Set DATA_DIR to a directory that can be written to.`, { cause });
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
