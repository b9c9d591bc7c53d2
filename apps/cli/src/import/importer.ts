import { truncateSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Http, NotNow, path, Refused, TooMuch } from '../http.ts';
import { type Item, itemOf, type Json } from './items.ts';
import { type Line, linesOf } from './lines.ts';
import { type Entry, Pending, type Rejection } from './pending.ts';
import { NOTHING_YET, type Progress, type ProgressFile } from './progress.ts';
import { Streams } from './streams.ts';

export const IMPORT_LIMITS = {
  /** Calls with messages: while the database stores those of one, the bridge reads another and this process makes the next. */
  atOnce: 3,
  /** Of one call: the bridge takes as many. */
  items: 500,
  bytes: 4_194_304,
  /** Messages read and not done. */
  ahead: 3_000,
  aheadBytes: 16_777_216,
  /** Lines read and not done, whatever is in them. */
  pending: 10_000,
  /** People, lists and groups that are made at once. */
  others: 16,
  /** A bridge that does not answer is waited for so long. */
  patienceMs: 600_000,
  firstPauseMs: 250,
  longestPauseMs: 10_000,
} as const;

type Result =
  | { message: object; duplicate: boolean }
  | { error: { code: string; message: string; retryable: boolean; issues?: object[] } };

/** Tells how it goes. */
export interface Told {
  progressed(progress: Readonly<Progress>): void;
  waiting(why: string): void;
}

/** A line on its way into the bridge. */
interface Work {
  readonly item: Item;
  readonly entry: Entry;
  readonly bytes: number;
}

/**
 * A file of JSON lines into a bridge, each conversation in its order, in batches. What the bridge will not have is kept in
 * another file with the reason, and none is lost: a line counts as done when the bridge has answered for it and for all before it, and
 * whatever is sent twice, after this process or the bridge was killed, is stored once by its clientId.
 */
export class Importer {
  private readonly http: Http;
  private readonly file: string;
  private readonly rejectedFile: string;
  private readonly saved: ProgressFile;
  private readonly told: Told;
  private readonly progress: Progress;
  private readonly pending = new Pending();
  private readonly messages = new Streams<Work>(IMPORT_LIMITS, (batch) => this.sendMessages(batch));
  /** Groups by the clientId that the file knows them by; with the bridge's id once it is asked for. */
  private readonly groups = new Map<string, { body: Json; id?: string }>();
  /** People, lists or groups, all of one kind. */
  private others: Work[] = [];
  /** A conversation has been named by the bridge's own id, which may be one that has another name too. */
  private namesAreSure = true;

  constructor(parts: { http: Http; file: string; rejectedFile: string; saved: ProgressFile; told: Told }) {
    this.http = parts.http;
    this.file = parts.file;
    this.rejectedFile = parts.rejectedFile;
    this.saved = parts.saved;
    this.told = parts.told;
    this.progress = { ...(this.saved.read() ?? NOTHING_YET) };
  }

  async run(): Promise<Readonly<Progress>> {
    // Whether the address and the token are right: otherwise every line would be rejected for that.
    await this.patiently(() => this.http.get('/conversations', { limit: 1 }));
    await this.rememberGroups();
    if (this.progress.rejectedBytes > 0) truncateSync(this.rejectedFile, this.progress.rejectedBytes);
    let last: Line | undefined;
    for await (const line of linesOf(this.file, this.progress)) {
      last = line;
      if (line.text?.trim() !== '') await this.take(line);
    }
    await this.finish();
    // Empty lines at the end are done too.
    if (last && last.end > this.progress.offset) this.save(last);
    return this.progress;
  }

  private async take(line: Line): Promise<void> {
    const entry = this.pending.add(line);
    const item = itemOf(line);
    if (typeof item === 'string') entry.outcome = { code: 'invalid_data', message: item };
    else await this.work({ item, entry, bytes: line.text!.length });
    if (this.pending.size < IMPORT_LIMITS.pending) return;
    await this.finish();
  }

  /** People come before their lists, and both before groups and what is written there: one kind at a time. */
  private async work(work: Work): Promise<void> {
    const { kind } = work.item;
    if (kind === 'message') {
      if (this.others.length > 0) await this.finish();
      const key = this.conversationOf(work.item);
      if (key === undefined && this.namesAreSure) {
        await this.messages.finish();
        this.namesAreSure = false;
      }
      await this.messages.add(this.namesAreSure ? key! : '', work);
      return;
    }
    await this.messages.finish();
    if (this.others.length > 0 && this.others[0]!.item.kind !== kind) await this.flushOthers();
    this.others.push(work);
    if (this.others.length === IMPORT_LIMITS.others) await this.flushOthers();
  }

  /** What tells it from others in this file; undefined where it may be one that goes by another name elsewhere in it. */
  private conversationOf({ value: { from, to, conversation } }: Item): string | undefined {
    if (conversation === undefined) return [from, to].toSorted().join(' ');
    const clientId = String(conversation).toLowerCase();
    return this.groups.has(clientId) ? clientId : undefined;
  }

  private async finish(): Promise<void> {
    await this.flushOthers();
    await this.messages.finish();
    this.settle();
  }

  private async flushOthers(): Promise<void> {
    const { others } = this;
    this.others = [];
    await Promise.all(others.map((work) => this.sendOther(work)));
    this.settle();
  }

  /** Writes down how far it has come. */
  private settle(): void {
    const done = this.pending.takeDone();
    for (const { line, outcome } of done) {
      if (typeof outcome === 'string') this.progress[outcome] += 1;
      else this.reject(line, outcome);
    }
    if (done.length > 0) this.save(done.at(-1)!.line);
  }

  private save({ end, number }: Line): void {
    this.progress.offset = end;
    this.progress.line = number;
    this.saved.write(this.progress);
    this.told.progressed(this.progress);
  }

  private async sendMessages(batch: readonly Work[]): Promise<void> {
    let waiting = await this.addressed(batch);
    for (let attempt = 0; waiting.length > 0; attempt++) {
      const messages = waiting.map(({ message }) => message);
      const { results } = await this.patiently(() =>
        this.http.change<{ results: Result[] }>('POST', '/messages', { messages }),
      );
      const again: typeof waiting = [];
      for (const [index, result] of results.entries()) {
        const { entry } = waiting[index]!;
        if (!('error' in result)) entry.outcome = result.duplicate ? 'before' : 'stored';
        else if (result.error.retryable) again.push(waiting[index]!);
        else entry.outcome = result.error;
      }
      waiting = again;
      if (again.length > 0) await pause(pauseMs(attempt));
    }
    this.settle();
  }

  /** With the bridge's own id of each group. */
  private async addressed(batch: readonly Work[]): Promise<{ entry: Entry; message: Json }[]> {
    const addressed: { entry: Entry; message: Json }[] = [];
    for (const { item, entry } of batch) {
      const group = this.groups.get(String(item.value.conversation).toLowerCase());
      if (!group) addressed.push({ entry, message: item.value });
      else {
        group.id ??= await this.patiently(() => this.makeGroup(group.body));
        addressed.push({ entry, message: { ...item.value, conversation: group.id } });
      }
    }
    return addressed;
  }

  private async sendOther({ item, entry }: Work): Promise<void> {
    try {
      await this.patiently(() => this.other(item));
      entry.outcome = 'stored';
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      entry.outcome = error.problem;
    }
  }

  private async other({ kind, value }: Item): Promise<void> {
    if (kind === 'person') {
      const { id, ...person } = value;
      await this.http.change('PUT', path`/people/${String(id)}`, person);
    } else if (kind === 'conversation') {
      const group: { body: Json; id?: string } = { body: value };
      group.id = await this.makeGroup(value);
      this.groups.set(String(value.clientId).toLowerCase(), group);
    } else {
      const { person, ...list } = value;
      await this.http.change('PUT', path`/people/${String(person)}/${kind}`, list);
    }
  }

  private async makeGroup(body: Json): Promise<string> {
    const made = await this.http.change<{ conversation: { id: string } }>('POST', '/conversations', body);
    return made.conversation.id;
  }

  /** What was imported before: its messages are still to come, perhaps. */
  private async rememberGroups(): Promise<void> {
    if (this.progress.offset === 0) return;
    for await (const line of linesOf(this.file, { offset: 0, line: 0 })) {
      if (line.end > this.progress.offset) return;
      const item = line.text?.includes('"conversation"') ? itemOf(line) : '';
      if (typeof item === 'string' || item.kind !== 'conversation') continue;
      this.groups.set(String(item.value.clientId).toLowerCase(), { body: item.value });
    }
  }

  private reject({ number, text }: Line, error: Rejection): void {
    const { code, message, issues } = error;
    const given = text === undefined ? {} : { given: text };
    const entry = `${JSON.stringify({ line: number, code, message, ...(issues ? { issues } : {}), ...given })}\n`;
    writeFileSync(this.rejectedFile, entry, { flag: this.progress.rejectedBytes === 0 ? 'w' : 'a' });
    this.progress.rejected += 1;
    this.progress.rejectedBytes += Buffer.byteLength(entry);
  }

  /** A bridge that is being restarted is waited for, and one that says when to come back as long as it says so. */
  private async patiently<T>(call: () => Promise<T>): Promise<T> {
    let until = performance.now() + IMPORT_LIMITS.patienceMs;
    for (let attempt = 0; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof NotNow) || performance.now() > until) throw error;
        this.told.waiting(error.message);
        await pause(Math.max(pauseMs(attempt), error.retryAfterMs));
        if (error instanceof TooMuch) until = performance.now() + IMPORT_LIMITS.patienceMs;
      }
    }
  }
}

function pauseMs(attempt: number): number {
  return Math.min(IMPORT_LIMITS.firstPauseMs * 2 ** attempt, IMPORT_LIMITS.longestPauseMs);
}
