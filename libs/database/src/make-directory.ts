import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const OWNER_ONLY = 0o700;
/** A path that is far too long is a reason not to start, and the line that says so must be readable. */
const SHOWN_PATH_LENGTH = 200;

/**
 * Makes a directory, and its parents, where it is missing. Not mkdir's own `recursive`: where the kernel says ENOENT
 * although the parent is there, as everywhere below /proc, that one tries for ever.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: OWNER_ONLY });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path) {
      await makeDirectory(dirname(path));
      await mkdir(path, { mode: OWNER_ONLY }).catch((again: NodeJS.ErrnoException) => {
        // Another process that starts together with this one may have been faster.
        if (again.code !== 'EEXIST') throw again;
      });
    } else if (code !== 'EEXIST') throw error;
  }
  if (!(await stat(path)).isDirectory()) throw new Error(`${shownPath(path)} is not a directory`);
}

/** What the system says, without the path that it ends with: "EACCES: permission denied". */
export function systemReason(error: unknown): string {
  return (error as Error).message.replace(/, \w+ '.*$/s, '');
}

export function shownPath(path: string): string {
  return path.length > SHOWN_PATH_LENGTH ? `${path.slice(0, SHOWN_PATH_LENGTH)}…` : path;
}
