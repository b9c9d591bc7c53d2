import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { Entry, Side } from '../wire/entry.js';
import type { FrameLog } from '../wire/frame-log.js';

export interface Wanted {
  /** Words, all of which an entry has somewhere in its text, event or code; `-word` has it nowhere. */
  readonly text: string;
  readonly side: Side | 'both';
  readonly kinds: 'all' | 'frames' | 'sent' | 'received' | 'connection';
  readonly onlyProblems: boolean;
  /** Heartbeats and acknowledgements, which the SDK sends by itself. */
  readonly hidesRoutine: boolean;
}

export const EVERYTHING: Wanted = { text: '', side: 'both', kinds: 'all', onlyProblems: false, hidesRoutine: true };

const ROUTINE = new Set(['ping', 'mailbox.ack']);

/** What of the log is shown. What was looked at once is not looked at again for each new frame. */
export class Filter {
  readonly wanted = signal(EVERYTHING);
  readonly entries: ReadonlySignal<readonly Entry[]>;

  constructor(log: FrameLog) {
    let shown: readonly Entry[] = [];
    let lastWanted: Wanted | undefined;
    let first: Entry | undefined;
    let last: Entry | undefined;
    this.entries = computed(() => {
      log.version.value;
      const wanted = this.wanted.value;
      const isMore = wanted === lastWanted && first === log.entries[0];
      const fresh = isMore && last ? log.entries.slice(last.number - log.entries[0]!.number + 1) : log.entries;
      const found = fresh.filter(matcher(wanted));
      if (!isMore) shown = found;
      else if (found.length > 0) shown = [...shown, ...found];
      lastWanted = wanted;
      first = log.entries[0];
      last = log.entries.at(-1);
      return shown;
    });
  }

  set(wanted: Partial<Wanted>): void {
    this.wanted.value = { ...this.wanted.value, ...wanted };
  }
}

export function matcher({ text, side, kinds, onlyProblems, hidesRoutine }: Wanted): (entry: Entry) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const has = words.filter((word) => !word.startsWith('-'));
  const lacks = words.filter((word) => word.startsWith('-') && word.length > 1).map((word) => word.slice(1));
  return (entry) => {
    if (side !== 'both' && entry.side !== side) return false;
    if (onlyProblems && entry.problems.length === 0 && !isRefusal(entry)) return false;
    if (hidesRoutine && entry.problems.length === 0 && isRoutine(entry)) return false;
    if (!isOfKind(entry, kinds)) return false;
    if (words.length === 0) return true;
    const haystack = `${entry.event} ${entry.answers?.command ?? ''} ${entry.text}`.toLowerCase();
    return has.every((word) => haystack.includes(word)) && !lacks.some((word) => haystack.includes(word));
  };
}

/** An `error` reply, or a close that says that something is wrong. */
export function isRefusal({ event, close }: Entry): boolean {
  return event === 'error' || (close !== undefined && close.code >= 4400 && close.code < 4500);
}

function isRoutine({ event, answers }: Entry): boolean {
  return ROUTINE.has(event) || (event === 'ok' && answers !== undefined && ROUTINE.has(answers.command));
}

function isOfKind({ kind }: Entry, kinds: Wanted['kinds']): boolean {
  if (kinds === 'all') return true;
  if (kinds === 'frames') return kind === 'sent' || kind === 'received';
  if (kinds === 'connection') return kind !== 'sent' && kind !== 'received';
  return kind === kinds;
}
