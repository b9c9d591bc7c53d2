import { statSync } from 'node:fs';
import type { Context } from '../context.ts';
import { EXIT_FAILED, EXIT_USAGE, Failure } from '../failure.ts';
import { Importer } from '../import/importer.ts';
import { itemOf } from '../import/items.ts';
import { linesOf } from '../import/lines.ts';
import { type Progress, ProgressFile } from '../import/progress.ts';
import type { OperatorCommand } from '../operator-command.ts';
import { PLATFORM } from '../side.ts';
import { count, duration } from '../text/times.ts';

const NUMBER = new Intl.NumberFormat('en');
/** Where nobody watches, a line in so long. */
const REPORT_MS = 10_000;
const REDRAW_MS = 250;
const SHOWN_PROBLEMS = 10;

export function addImport(program: OperatorCommand): void {
  program
    .command('import')
    .description("load the host platform's people, lists, groups and messages from a file of JSON lines")
    .argument('<file>', 'one JSON object a line: docs/platform.md says what may be in it')
    .option('--rejected <file>', 'where the lines go that the bridge will not have, with the reason')
    .option('--check', 'look whether every line can be read, and load nothing')
    .example('PLATFORM_TOKEN=… drawbridge import history.jsonl', 'drawbridge import history.jsonl --check')
    .does<{ rejected?: string; check?: boolean }>(load, PLATFORM);
}

async function load(context: Context, options: { rejected?: string; check?: boolean }, file: string): Promise<void> {
  const size = sizeOf(file);
  if (options.check) return check(context, file);
  const rejectedFile = options.rejected ?? `${file}.rejected`;
  const saved = await ProgressFile.of(file);
  const before = saved.read();
  if (before && before.offset >= size) {
    context.answer(summary(before, 0), () =>
      context.terminal.say(`All of ${file} was imported before. Remove ${saved.path} to do it again.`),
    );
    return complainOf(before, rejectedFile);
  }
  if (before) context.terminal.note(`Going on at line ${NUMBER.format(before.line + 1)}, where it was left.`);
  const startedAt = performance.now();
  const meter = new Meter(size, before, startedAt);
  const importer = new Importer({
    http: context.http,
    file,
    rejectedFile,
    saved,
    told: {
      progressed: (progress) => meter.show(progress),
      waiting: (why) => meter.line(`Waiting: ${why}`),
    },
  });
  let done: Readonly<Progress>;
  try {
    done = await importer.run();
  } finally {
    meter.clear();
  }
  const ms = performance.now() - startedAt;
  context.answer(summary(done, ms), () => {
    const rate = NUMBER.format(Math.round(((done.line - (before?.line ?? 0)) / ms) * 1_000));
    context.terminal.say(
      `Imported ${count(done.line, 'line')} in ${duration(Math.round(ms))} (${rate} a second): ${NUMBER.format(done.stored)} stored, ${NUMBER.format(done.before)} there already, ${NUMBER.format(done.rejected)} rejected.`,
    );
  });
  complainOf(done, rejectedFile);
}

/** The exit code says it again as long as somebody has not looked. */
function complainOf({ rejected }: Readonly<Progress>, file: string): void {
  if (rejected === 0) return;
  throw new Failure(
    `${count(rejected, 'line')} would not be had: ${file} has each with the reason. Mend them in a file of their own, and import that.`,
    EXIT_FAILED,
  );
}

async function check(context: Context, file: string): Promise<void> {
  const problems: { line: number; problem: string }[] = [];
  let lines = 0;
  for await (const line of linesOf(file, { offset: 0, line: 0 })) {
    lines += 1;
    if (line.text?.trim() === '') continue;
    const item = itemOf(line);
    if (typeof item === 'string') problems.push({ line: line.number, problem: item });
  }
  const answer = { lines, unreadable: problems.length, problems: problems.slice(0, SHOWN_PROBLEMS) };
  context.answer(answer, () => {
    for (const { line, problem } of answer.problems) context.terminal.say(`Line ${line} ${problem}.`);
    const unreadable =
      problems.length === 0 ? 'each of which can be read' : `${NUMBER.format(problems.length)} of which cannot be read`;
    context.terminal.say(`${count(lines, 'line')}, ${unreadable}. Nothing was loaded.`);
  });
  if (problems.length > 0) throw new Failure(`${file} has lines that cannot be read.`);
}

function sizeOf(file: string): number {
  try {
    const found = statSync(file);
    if (found.isFile()) return found.size;
  } catch (error) {
    throw new Failure(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, EXIT_USAGE);
  }
  throw new Failure(`${file} is no file: progress is kept beside it, so it cannot be a pipe.`, EXIT_USAGE);
}

function summary({ line, stored, before, rejected }: Readonly<Progress>, ms: number) {
  return { lines: line, stored, before, rejected, ms: Math.round(ms) };
}

/** How far, how fast, how long still; on a terminal in one line that is drawn anew. */
class Meter {
  private readonly size: number;
  private readonly startedAt: number;
  private readonly from: Readonly<{ offset: number; line: number }>;
  private readonly everyMs = process.stderr.isTTY ? REDRAW_MS : REPORT_MS;
  private shownAt: number;

  constructor(size: number, before: Progress | undefined, startedAt: number) {
    this.size = size;
    this.startedAt = startedAt;
    this.from = before ?? { offset: 0, line: 0 };
    this.shownAt = startedAt;
  }

  show({ offset, line, rejected }: Readonly<Progress>): void {
    const now = performance.now();
    if (now - this.shownAt < this.everyMs) return;
    this.shownAt = now;
    const ms = now - this.startedAt;
    const rate = Math.round(((line - this.from.line) / ms) * 1_000);
    const leftMs = ((this.size - offset) * ms) / Math.max(1, offset - this.from.offset);
    const percent = Math.floor((100 * offset) / this.size);
    this.line(
      `${NUMBER.format(line)} lines (${percent} %), ${NUMBER.format(rate)} a second, ${duration(Math.round(leftMs))} left, ${NUMBER.format(rejected)} rejected`,
    );
  }

  line(text: string): void {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text.slice(0, (process.stderr.columns || 80) - 1)}`);
    else process.stderr.write(`${text}\n`);
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }
}
