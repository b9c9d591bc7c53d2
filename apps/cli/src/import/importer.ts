import { truncateSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Http, NotNow, path, Refused } from '../http.ts';
import { type Item, itemOf, type Json } from './items.ts';
import { type Line, linesOf } from './lines.ts';
import { NOTHING_YET, type Progress, type ProgressFile } from './progress.ts';

export const IMPORT_LIMITS = {
  /** Of one call: the bridge takes as many. */
  messages: 500,
  bytes: 4_194_304,
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

/**
 * A file of JSON lines into a bridge, in its order, in batches. What the bridge will not have is kept in another file with
 * the reason, and none is lost: a line counts as done when the bridge has answered for it, and whatever is sent twice, after
 * this process or the bridge was killed, is stored once by its clientId.
 */
export class Importer {
  private readonly http: Http;
  private readonly file: string;
  private readonly rejectedFile: string;
  private readonly saved: ProgressFile;
  private readonly told: Told;
  private readonly progress: Progress;
  /** Groups by the clientId that the file knows them by; with the bridge's id once it is asked for. */
  private readonly groups = new Map<string, { body: Json; id?: string }>();
  private batch: Item[] = [];
  private bytes = 0;

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
      if (line.text?.trim() === '') continue;
      const item = itemOf(line);
      if (typeof item === 'string') {
        await this.flush();
        this.reject(line, { code: 'invalid_data', message: item });
        this.save(line);
        continue;
      }
      if (!this.fits(item)) await this.flush();
      this.batch.push(item);
      this.bytes += line.text!.length;
    }
    await this.flush();
    // Empty lines at the end are done too.
    if (last && last.end > this.progress.offset) this.save(last);
    return this.progress;
  }

  /** People come before their lists, and both before groups and what is written there: one kind at a time. */
  private fits({ kind }: Item): boolean {
    const first = this.batch[0];
    if (!first) return true;
    const most = first.kind === 'message' ? IMPORT_LIMITS.messages : IMPORT_LIMITS.others;
    return kind === first.kind && this.batch.length < most && this.bytes < IMPORT_LIMITS.bytes;
  }

  private async flush(): Promise<void> {
    const { batch } = this;
    if (batch.length === 0) return;
    if (batch[0]!.kind === 'message') await this.sendMessages(batch);
    else await Promise.all(batch.map((item) => this.sendOther(item)));
    this.batch = [];
    this.bytes = 0;
    this.save(batch.at(-1)!.line);
  }

  private save({ end, number }: Line): void {
    this.progress.offset = end;
    this.progress.line = number;
    this.saved.write(this.progress);
    this.told.progressed(this.progress);
  }

  private async sendMessages(items: readonly Item[]): Promise<void> {
    let waiting = await this.addressed(items);
    for (let attempt = 0; waiting.length > 0; attempt++) {
      const messages = waiting.map(({ message }) => message);
      const { results } = await this.patiently(() =>
        this.http.change<{ results: Result[] }>('POST', '/messages', { messages }),
      );
      const again: typeof waiting = [];
      for (const [index, result] of results.entries()) {
        if (!('error' in result)) this.progress[result.duplicate ? 'before' : 'stored'] += 1;
        else if (result.error.retryable) again.push(waiting[index]!);
        else this.reject(waiting[index]!.item.line, result.error);
      }
      waiting = again;
      if (again.length > 0) await pause(pauseMs(attempt));
    }
  }

  /** With the bridge's own id of each group. */
  private async addressed(items: readonly Item[]): Promise<{ item: Item; message: Json }[]> {
    const addressed: { item: Item; message: Json }[] = [];
    for (const item of items) {
      const group = this.groups.get(String(item.value.conversation).toLowerCase());
      if (!group) addressed.push({ item, message: item.value });
      else {
        group.id ??= await this.patiently(() => this.makeGroup(group.body));
        addressed.push({ item, message: { ...item.value, conversation: group.id } });
      }
    }
    return addressed;
  }

  private async sendOther(item: Item): Promise<void> {
    try {
      await this.patiently(() => this.other(item));
      this.progress.stored += 1;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.reject(item.line, error.problem);
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

  private reject({ number, text }: Line, error: { code: string; message: string; issues?: readonly object[] }): void {
    const { code, message, issues } = error;
    const given = text === undefined ? {} : { given: text };
    const entry = `${JSON.stringify({ line: number, code, message, ...(issues ? { issues } : {}), ...given })}\n`;
    writeFileSync(this.rejectedFile, entry, { flag: this.progress.rejectedBytes === 0 ? 'w' : 'a' });
    this.progress.rejected += 1;
    this.progress.rejectedBytes += Buffer.byteLength(entry);
  }

  /** A bridge that is being restarted is waited for. */
  private async patiently<T>(call: () => Promise<T>): Promise<T> {
    const until = performance.now() + IMPORT_LIMITS.patienceMs;
    for (let attempt = 0; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof NotNow) || performance.now() > until) throw error;
        this.told.waiting(error.message);
        await pause(Math.max(pauseMs(attempt), error.retryAfterMs));
      }
    }
  }
}

function pauseMs(attempt: number): number {
  return Math.min(IMPORT_LIMITS.firstPauseMs * 2 ** attempt, IMPORT_LIMITS.longestPauseMs);
}
