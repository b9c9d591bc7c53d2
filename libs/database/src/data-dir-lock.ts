import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseError } from './errors.js';

/**
 * One process at a time on one data directory: two on the same embedded database lose acknowledged rows in silence.
 * The lock names the process by id and start time, so that one left by `kill -9` is taken over, and a reused id is not
 * mistaken for the old process.
 */
export class DataDirLock {
  private constructor(private readonly path: string) {}

  /** Throws `data_dir_in_use` while another process lives. */
  static take(dataDir: string): DataDirLock {
    mkdirSync(dataDir, { recursive: true });
    const path = join(dataDir, 'drawbridge.lock');
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        const file = openSync(path, 'wx', 0o600);
        writeSync(file, `${process.pid} ${startTime(process.pid)}\n`);
        closeSync(file);
        return new DataDirLock(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const [pid, started] = holder(path);
      if (pid > 0 && startTime(pid) === started && started !== '') {
        const message = `The data directory ${dataDir} is in use by process ${pid}. Stop it, or set DATA_DIR to another directory.`;
        throw new DatabaseError('data_dir_in_use', message);
      }
      rmSync(path, { force: true });
    }
    throw new DatabaseError('data_dir_in_use', `The data directory ${dataDir} was just taken by another process.`);
  }

  release(): void {
    rmSync(this.path, { force: true });
  }
}

function holder(path: string): [pid: number, started: string] {
  try {
    const [pid = '0', started = ''] = readFileSync(path, 'utf8').trim().split(' ');
    return [Number(pid), started];
  } catch {
    return [0, ''];
  }
}

/** When the process was started, in clock ticks since boot (proc(5), field 22), with the boot's id; `''` if it is not there. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}@${boot}`;
  } catch {
    return aliveWithoutProc(pid) ? 'alive' : '';
  }
}

function aliveWithoutProc(pid: number): boolean {
  if (process.platform === 'linux') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
