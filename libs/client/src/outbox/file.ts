import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DRAFT, sweepDrafts, writeWhole } from '../whole-file.js';
import type { OutboxEntry, OutboxStore, SendCommand } from './outbox.js';

const NAME = /^[\da-f-]{36}\.json$/;
const COMMANDS: readonly SendCommand[] = ['message.send', 'recommendation.send'];
/** A draft that is older was left by a program that died. */
const STALE_DRAFT_MS = 60_000;
/** A claim takes milliseconds. */
const CLAIM_AGAIN_MS = 50;
const STALE_CLAIM_MS = 5_000;
/** Whose an entry is to be, as long as that is not written into it. */
const OWNER = `.owner${DRAFT}`;

/**
 * Keeps what is to be sent in a folder, one file each, that only this user can read. A file is there whole or not at all,
 * also after a power cut. Two programs on one folder do no harm: both send the same `clientId`, and each sends with its next
 * connection what the other has left.
 */
export function fileOutbox(folder: string): OutboxStore {
  const pathOf = (localId: string) => join(folder, `${localId}.json`);
  /** What happens to one entry happens in turn. */
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = <T>(localId: string, work: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(localId) ?? Promise.resolve()).then(work, work);
    turns.set(localId, turn);
    const leave = () => turns.get(localId) === turn && turns.delete(localId);
    turn.then(leave, leave);
    return turn;
  };
  return {
    async load() {
      await sweepDrafts(folder, '', STALE_DRAFT_MS);
      const names = (await readdir(folder).catch(absent)).filter((name) => NAME.test(name));
      const entries = await Promise.all(names.map((name) => read(join(folder, name))));
      return entries.filter((entry) => entry !== undefined);
    },
    put: (entry) => {
      const text = JSON.stringify(entry);
      return inTurn(entry.localId, () => writeWhole(pathOf(entry.localId), text));
    },
    remove: (localId) => inTurn(localId, () => rm(pathOf(localId), { force: true })),
    async claim(localId, person) {
      const [path, ownerPath] = [pathOf(localId), join(folder, localId + OWNER)];
      for (;;) {
        // Of all programs one makes this file, and then writes the entry.
        await writeFile(ownerPath, person, { flag: 'wx', mode: 0o600 }).catch(known);
        const owner = await readFile(ownerPath, 'utf8').catch(() => '');
        // Whatever becomes of it here meanwhile comes after this, or before it.
        const claimed = await inTurn(localId, async () => {
          const entry = await read(path);
          const isNobodys = entry !== undefined && entry.person === undefined;
          if (isNobodys && owner !== person) return undefined;
          if (isNobodys) await writeWhole(path, JSON.stringify({ ...entry, person }));
          await rm(ownerPath, { force: true });
          return { by: entry && (entry.person ?? person) };
        });
        if (claimed) return claimed.by;
        // Another is about to; if it died meanwhile, it has sent nothing.
        await new Promise((resolve) => setTimeout(resolve, CLAIM_AGAIN_MS).unref());
        await sweepDrafts(folder, `${localId}${OWNER}`, STALE_CLAIM_MS);
      }
    },
  };
}

/** Another program has made it, or has forgotten everything. */
const known = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
};

const absent = (error: NodeJS.ErrnoException): string[] => {
  if (error.code !== 'ENOENT') throw error;
  return [];
};

/** Undefined where another program has removed it meanwhile, or where it is none of ours. */
async function read(path: string): Promise<OutboxEntry | undefined> {
  try {
    const entry = JSON.parse(await readFile(path, 'utf8')) as OutboxEntry;
    const isOurs =
      `${entry.localId}.json` === basename(path) && entry.data instanceof Object && Number.isFinite(entry.order);
    return isOurs && COMMANDS.includes(entry.command) ? entry : undefined;
  } catch {
    return undefined;
  }
}
