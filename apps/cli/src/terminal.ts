import { createInterface } from 'node:readline';
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { block, type Cell, table, wrap } from './text/table.ts';
import { count } from './text/times.ts';
import { shown } from './text/width.ts';

const TICK_MS = 1_000;

/** The terminal: answers go to stdout, everything else to stderr. Colour only where a terminal shows it, and never with NO_COLOR. */
export class Terminal {
  /** Whether somebody sits there who can be asked. */
  get interactive(): boolean {
    return process.stdin.isTTY === true && process.stderr.isTTY === true;
  }

  print(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** One JSON document. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value, null, 2));
  }

  printTable(titles: readonly string[], rows: readonly (readonly (string | Cell)[])[], none: string): void {
    this.print(rows.length === 0 ? none : table(titles, rows, this.layout));
  }

  printBlock(fields: readonly (readonly [string, string | Cell])[]): void {
    const titles = fields.map(([title]) => title);
    this.print(
      block(
        titles,
        fields.map(([, value]) => value),
        this.layout,
      ),
    );
  }

  /** Sentences, broken between words. */
  say(text: string): void {
    this.print(sentences(text, process.stdout));
  }

  /** For the person, not for the script. */
  note(text: string): void {
    process.stderr.write(`${sentences(text, process.stderr)}\n`);
  }

  /** One line, whatever is in it. */
  complain(message: string): void {
    const line = shown(message.replaceAll(/\s*\n\s*/g, ' '));
    process.stderr.write(`${styleText('red', 'drawbridge:', { stream: process.stderr })} ${line}\n`);
  }

  /** What was typed; undefined when the person left instead (Ctrl-C, Ctrl-D). */
  ask(question: string): Promise<string | undefined> {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    return new Promise((resolve) => {
      lines.on('close', () => {
        process.stderr.write('\n');
        resolve(undefined);
      });
      lines.on('SIGINT', () => lines.close());
      lines.question(question, (answer) => {
        lines.removeAllListeners('close');
        lines.close();
        resolve(answer);
      });
    });
  }

  /** Shows on a terminal what is waited for, and how long already, until the answer is called. */
  waiting(text: string): () => void {
    if (process.stderr.isTTY !== true) return () => {};
    const since = performance.now();
    const show = () => {
      const seconds = Math.round((performance.now() - since) / 1_000);
      const line = `${text} ${count(seconds, 'second')}`.slice(1 - (process.stderr.columns || USUAL_WIDTH));
      process.stderr.write(`\r\u001b[K${line}`);
    };
    // An answer that comes at once shows nothing.
    const timer = setInterval(show, TICK_MS);
    return () => {
      clearInterval(timer);
      process.stderr.write('\r\u001b[K');
    };
  }

  private get layout() {
    return {
      width: widthOfScreen(process.stdout),
      paint: (style: Parameters<typeof styleText>[0], text: string) =>
        styleText(style, text, { stream: process.stdout }),
    };
  }
}

function sentences(text: string, stream: WriteStream): string {
  return wrap(shown(text), widthOfScreen(stream)).join('\n');
}

const USUAL_WIDTH = 80;

/** Where there is no terminal nothing is broken, so that a script reads the same everywhere. */
function widthOfScreen(stream: WriteStream): number {
  // Some terminals do not know how wide they are.
  return stream.isTTY ? stream.columns || USUAL_WIDTH : Number.POSITIVE_INFINITY;
}
