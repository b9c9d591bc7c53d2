import type { FunctionComponent } from 'preact';
import { textOf } from '../parts/text.js';
import type { Entry } from '../wire/entry.js';
import { isRefusal } from './filter.js';

interface RowProps {
  readonly entry: Entry;
  readonly index: number;
  readonly count: number;
  /** Of every row, in CSS pixels. */
  readonly height: number;
  /** In two lines. */
  readonly isNarrow: boolean;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

const ARROWS: Record<Entry['kind'], [sign: string, words: string]> = {
  sent: ['→', 'sent'],
  received: ['←', 'received'],
  opened: ['●', 'connection opened'],
  closed: ['○', 'connection closed'],
  state: ['◆', 'state of the SDK'],
  note: ['✎', 'tester'],
};

/** One entry, in one line, or in two where it is narrow. */
export const Row: FunctionComponent<RowProps> = ({ entry, index, count, height, isNarrow, isSelected, onSelect }) => {
  const { side, whose, kind, event, answers, size, problems, frame } = entry;
  const [sign, words] = ARROWS[kind];
  const who = <span class="who">{whose.name}</span>;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and this is its active descendant.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list itself has the keys.
    <div
      id={`entry-${entry.number}`}
      class="row"
      role="option"
      aria-selected={isSelected}
      aria-setsize={count}
      aria-posinset={index + 1}
      data-side={side}
      data-kind={kind}
      data-bad={problems.length > 0 || isRefusal(entry) || undefined}
      style={{ height: `${height}px`, transform: `translateY(${index * height}px)` }}
      onClick={onSelect}
    >
      <span class="line">
        <span class="at">{clock(entry.at)}</span>
        {!isNarrow && who}
        <span class="sign" role="img" aria-label={words}>
          {sign}
        </span>
        <span class="event">{textOf(answers ? `${event} ${answers.command}` : event, EVENT_MAX)}</span>
      </span>
      <span class="line">
        {isNarrow && who}
        <span class="brief">{brief(entry)}</span>
        <span class="number">{frame?.seq !== undefined ? textOf(`seq ${frame.seq}`, EVENT_MAX) : ''}</span>
        <span class="number">{answers ? `${answers.ms.toFixed(1)} ms` : ''}</span>
        <span class="number">{frame ? `${size} B` : ''}</span>
        {problems.length > 0 && <span class="mark">{[...new Set(problems.map(({ code }) => code))].join(' ')}</span>}
      </span>
    </div>
  );
};

/** 15:04:05.123 in the tester's own zone. */
export function clock(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

/** Characters of a row that a line of the page has room for. */
const BRIEF_MAX = 300;
const EVENT_MAX = 60;

/** What of a frame tells it from others of its kind. */
function brief({ frame, text, kind }: Entry): string {
  if (kind !== 'sent' && kind !== 'received') return textOf(text, BRIEF_MAX);
  const data = (frame?.data ?? {}) as { message?: { text?: unknown } | null; text?: unknown; code?: unknown };
  const told = data.code ?? data.message?.text ?? data.text ?? (frame?.id === undefined ? '' : `#${textOf(frame.id)}`);
  return textOf(told, BRIEF_MAX);
}
