import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export const DRAFT = '.tmp';

/** Writes a file that only this user can read: it is there whole or not at all, also after a power cut. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}${DRAFT}`;
  // Another program that forgets everything may have removed it.
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await synced(dirname(path));
}

/** A new name is in its folder for good only when the folder is written; there are platforms that have no such thing. */
async function synced(folder: string): Promise<void> {
  const opened = await open(folder, 'r').catch(() => undefined);
  await opened?.sync().catch(() => {});
  await opened?.close();
}

/** Removes what programs that died while they wrote have left: of files in this folder whose names begin so. */
export async function sweepDrafts(folder: string, name = '', olderThanMs = 0): Promise<void> {
  const found = await readdir(folder).catch(() => []);
  const drafts = found.filter((each) => each.startsWith(name) && each.endsWith(DRAFT));
  await Promise.all(drafts.map((draft) => sweep(join(folder, draft), olderThanMs)));
}

/** The same of one file, whatever the age. */
export function sweepDraftsOf(path: string): Promise<void> {
  return sweepDrafts(dirname(path), `${basename(path)}.`);
}

async function sweep(draft: string, olderThanMs: number): Promise<void> {
  const { mtimeMs } = await stat(draft).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  if (Date.now() - mtimeMs >= olderThanMs) await rm(draft, { force: true });
}
