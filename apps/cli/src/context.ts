import { readFileSync } from 'node:fs';
import { EXIT_USAGE, Failure } from './failure.ts';
import { Http } from './http.ts';
import type { Side } from './side.ts';
import type { Terminal } from './terminal.ts';
import type { Preview } from './wire.ts';

export const DEFAULT_URL = 'http://127.0.0.1:8081';

/** The options of every command. */
export interface CommonOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
  /** Only where something would be taken away. */
  readonly preview?: boolean;
}

/** One call of the API that takes something away; with `?preview=true` the bridge says whom it would concern, and does nothing. */
export interface Change {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object;
}

/** What a command works with: the bridge, the terminal, and how much it may do without asking. */
export class Context {
  readonly terminal: Terminal;
  readonly options: CommonOptions;
  private readonly side: Side;
  private connected: Http | undefined;

  constructor(options: CommonOptions, terminal: Terminal, side: Side) {
    this.options = options;
    this.terminal = terminal;
    this.side = side;
  }

  /** The bridge. A failure where there is no token: what asks no bridge needs none. */
  get http(): Http {
    const { url, tokenFile } = this.options;
    this.connected ??= new Http(url, readToken(tokenFile, this.side), this.side);
    return this.connected;
  }

  /** Nobody will look at what a short name was taken for. */
  get unasked(): boolean {
    return this.options.yes === true && this.options.preview !== true;
  }

  /** The bridge's own answer for a script, or what a person reads. */
  answer(value: unknown, readable: () => void): void {
    if (this.options.json) this.terminal.printJson(value);
    else readable();
  }

  /** Before something is taken away: asks the bridge whom it would concern, and then as `agreed`. */
  async goOn(change: Change, says: (preview: Preview) => string): Promise<boolean> {
    const answer = await this.http.change<{ preview: Preview }>(change.method, change.path, change.body, {
      preview: 'true',
    });
    return await this.agreed(says(answer.preview), answer);
  }

  /**
   * Says what will happen and asks whether to go on. False where that was all that was wanted (`--preview`); a failure
   * where the answer is no, or nobody is there to give one.
   */
  async agreed(what: string, preview: object): Promise<boolean> {
    const { terminal, options } = this;
    if (options.preview) {
      this.answer(preview, () => terminal.say(`${what} Nothing was done.`));
      return false;
    }
    if (!options.yes && !terminal.interactive) {
      throw new Failure(`${what} Nothing was done, because nobody is there to be asked: add --yes to do it.`);
    }
    terminal.note(what);
    if (options.yes || (await terminal.ask('Type yes to go on: '))?.trim().toLowerCase() === 'yes') return true;
    throw new Failure('Nothing was done.');
  }

  /** Does what may take until every gateway has confirmed it. */
  async take<T>({ method, path, body }: Change): Promise<T> {
    const stopped = this.terminal.waiting('Waiting until every gateway confirms it, or its lease has run out:');
    try {
      return await this.http.change<T>(method, path, body);
    } finally {
      stopped();
    }
  }
}

/** Never from an argument: shells keep those, and everybody on the machine can read them. */
function readToken(file: string | undefined, side: Side): string {
  const [token, origin] = file === undefined ? tokenOfEnvironment(side) : [contentOf(file), file];
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new Failure(`What is in ${origin} is not a token: a token is one word of ASCII letters.`, EXIT_USAGE);
  }
  return token;
}

function tokenOfEnvironment({ tokens, noToken }: Side): [token: string, origin: string] {
  for (const name of tokens) {
    const token = process.env[name]?.trim();
    if (token) return [token, name];
  }
  throw new Failure(noToken, EXIT_USAGE);
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Failure(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, EXIT_USAGE);
  }
}
