import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const PROGRAM = join('apps', 'cli', 'src', 'main.ts');

/** Runs the command as an operator's shell would, without a terminal, with nothing of this process's environment but PATH. */
export async function drawbridge(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const program = spawn(PROGRAM, words, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => program.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(program.stdout), text(program.stderr), exited]);
  return { code, stdout, stderr };
}
