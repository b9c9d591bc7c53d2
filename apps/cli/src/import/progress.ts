import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { EXIT_USAGE, Failure } from '../failure.ts';

/** How far an import has come: everything before `offset` is in the bridge, or among the rejected. */
export interface Progress {
  offset: number;
  line: number;
  stored: number;
  /** Messages that were there already. */
  before: number;
  rejected: number;
  /** How long the file of the rejected was then. */
  rejectedBytes: number;
}

export const NOTHING_YET: Readonly<Progress> = {
  offset: 0,
  line: 0,
  stored: 0,
  before: 0,
  rejected: 0,
  rejectedBytes: 0,
};

const FINGERPRINT_BYTES = 65_536;

/** Beside the file, in `<file>.progress`: written whole after each batch that the bridge has answered. */
export class ProgressFile {
  readonly path: string;
  private readonly fingerprint: string;

  private constructor(path: string, fingerprint: string) {
    this.path = path;
    this.fingerprint = fingerprint;
  }

  static async of(file: string): Promise<ProgressFile> {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(FINGERPRINT_BYTES), 0, FINGERPRINT_BYTES, 0);
      const beginning = buffer.subarray(0, buffer.lastIndexOf(0x0a, bytesRead - 1) + 1 || bytesRead);
      return new ProgressFile(`${file}.progress`, createHash('sha256').update(beginning).digest('hex'));
    } finally {
      await handle.close();
    }
  }

  /** Undefined where nothing was imported yet. Failure where it is of another file. */
  read(): Progress | undefined {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const { of, ...progress } = JSON.parse(text) as Progress & { of: string };
    if (of === this.fingerprint) return progress;
    throw new Failure(
      `${this.path} is of another file that had this name: remove it to import this one from the beginning.`,
      EXIT_USAGE,
    );
  }

  write(progress: Progress): void {
    writeFileSync(`${this.path}.new`, JSON.stringify({ of: this.fingerprint, ...progress }));
    renameSync(`${this.path}.new`, this.path);
  }
}
