import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A terminal of its own, of so many columns. */
export interface Screen {
  readonly columns: number;
  /** What is typed once the question is there. */
  readonly types?: string;
}

export interface Shown {
  readonly code: number | null;
  /** What can be read. */
  readonly screen: string;
  /** The same with what colours it and moves the cursor. */
  readonly raw: string;
}

const QUESTION = 'Type yes to go on: ';
export const PROGRAM = join('apps', 'cli', 'src', 'main.ts');

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

/** The same in a pseudo-terminal (script of bsdutils): one screen for stdout and stderr, and somebody who can be asked. */
export async function onScreen(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  { columns, types }: Screen,
): Promise<Shown> {
  const quoted = [PROGRAM, ...words].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const program = spawn('script', ['-qec', `stty columns ${columns}; ${quoted}`, '/dev/null'], {
    env: { PATH: process.env.PATH, TERM: 'xterm-256color', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | null>((resolve) => program.once('close', resolve));
  let screen = '';
  let typed = types === undefined;
  program.stdout.setEncoding('utf8').on('data', (shown: string) => {
    screen += shown;
    if (typed || !screen.includes(QUESTION)) return;
    typed = true;
    program.stdin.write(types!);
  });
  const code = await exited;
  const raw = screen.replaceAll('\r\n', '\n');
  return { code, raw, screen: stripVTControlCharacters(raw) };
}
