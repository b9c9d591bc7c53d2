import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LOOK_EVERY_MS = 50;
const WITHIN_MS = 30_000;

/** A terminal with a program in it, as a person sees and uses it: a tmux of its own. */
export class Terminal implements AsyncDisposable {
  private constructor(private readonly name: string) {}

  static async start(command: readonly string[], { columns = 100, rows = 30 } = {}): Promise<Terminal> {
    const terminal = new Terminal(`tunebox-${randomUUID()}`);
    const quoted = command.map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(' ');
    await terminal.#tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), quoted);
    // What it showed last can be looked at after it has ended.
    await terminal.#tmux('set-option', '-w', 'remain-on-exit', 'on');
    return terminal;
  }

  /** What is on the screen, lines that the terminal broke in one. */
  async screen(): Promise<string> {
    return this.#tmux('capture-pane', '-p', '-J');
  }

  /** Resolves to the screen when there is this on it, and to nothing else. */
  async until(wanted: string | RegExp): Promise<string> {
    const late = Date.now() + WITHIN_MS;
    for (;;) {
      const screen = await this.screen();
      if (typeof wanted === 'string' ? screen.includes(wanted) : wanted.test(screen)) return screen;
      if (Date.now() > late) throw new Error(`There is no ${wanted} on the screen:\n${screen}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', text);
  }

  /** By tmux's names: Enter, Tab, Escape, C-s, Up. */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux('kill-server').catch(() => {});
  }

  async #tmux(...args: string[]): Promise<string> {
    const { stdout } = await run('tmux', ['-L', this.name, '-f', '/dev/null', '-u', ...args], { env: environment() });
    return stdout;
  }
}

/** No browser opens, and times are as they are everywhere. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, LANG: 'C.UTF-8', TERM: 'xterm-256color', DISPLAY: '', BROWSER: 'true' };
}
