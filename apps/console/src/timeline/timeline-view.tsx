import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Console } from '../console.js';
import type { Entry } from '../wire/entry.js';
import { Details } from './details.js';
import { isRefusal, type Wanted } from './filter.js';

/** All rows are as high as this, so that 10,000 need no measuring. In CSS pixels; style.css has it too. */
const ROW = 28;
/** Rows drawn beyond both edges, for quick scrolling. */
const BEYOND = 12;
const KINDS: Record<Wanted['kinds'], string> = {
  all: 'Everything',
  frames: 'Frames',
  sent: 'Sent',
  received: 'Received',
  connection: 'Connection',
};

/** Every frame of both people, in the order in which they went over the wires; only what can be seen is drawn. */
export const TimelineView: FunctionComponent<{ console: Console }> = ({ console }) => {
  const { filter, seats } = console;
  const wanted = filter.wanted.value;
  const total = console.log.version.value >= 0 ? console.log.entries.length : 0;
  const entries = filter.entries.value;
  const selected = entries.find(({ number }) => number === console.selected.value);
  return (
    <>
      <search class="filter">
        <label class="visually-hidden" for="search">
          Search the frames
        </label>
        <input
          id="search"
          type="search"
          placeholder="word -not"
          value={wanted.text}
          onInput={(event) => filter.set({ text: event.currentTarget.value })}
        />
        <label class="visually-hidden" for="filter-side">
          Whose
        </label>
        <select
          id="filter-side"
          value={wanted.side}
          onChange={(event) => filter.set({ side: event.currentTarget.value as Wanted['side'] })}
        >
          <option value="both">Both</option>
          <option value="left">{seats.left.name}</option>
          <option value="right">{seats.right.name}</option>
        </select>
        <label class="visually-hidden" for="filter-kinds">
          Kind
        </label>
        <select
          id="filter-kinds"
          value={wanted.kinds}
          onChange={(event) => filter.set({ kinds: event.currentTarget.value as Wanted['kinds'] })}
        >
          {Object.entries(KINDS).map(([kind, words]) => (
            <option key={kind} value={kind}>
              {words}
            </option>
          ))}
        </select>
        <label>
          <input
            type="checkbox"
            checked={wanted.onlyProblems}
            onChange={(event) => filter.set({ onlyProblems: event.currentTarget.checked })}
          />
          Problems
        </label>
        <label>
          <input
            type="checkbox"
            checked={!wanted.hidesRoutine}
            onChange={(event) => filter.set({ hidesRoutine: !event.currentTarget.checked })}
          />
          Pings and acks
        </label>
        <button type="button" class="second" onClick={() => console.log.clear()}>
          Clear
        </button>
      </search>
      <p class="count">{entries.length === total ? `${total} entries` : `${entries.length} of ${total} entries`}</p>
      {entries.length > 0 ? (
        <List console={console} entries={entries} />
      ) : (
        <p class="empty">
          {total === 0 ? 'Nothing yet. Sign somebody in, and every frame appears here.' : 'Nothing of it is like this.'}
        </p>
      )}
      {selected && <Details console={console} entry={selected} />}
    </>
  );
};

const List: FunctionComponent<{ console: Console; entries: readonly Entry[] }> = ({ console, entries }) => {
  const box = useRef<HTMLDivElement>(null);
  const view = useSignal({ top: 0, height: 600 });
  /** Whether the newest is kept in sight, until somebody scrolls up. */
  const follows = useSignal(true);
  const selectedAt = entries.findIndex(({ number }) => number === console.selected.value);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => {
      const { scrollTop: top, clientHeight: height } = element;
      view.value = { top, height };
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [view]);
  // Whenever there are more.
  useLayoutEffect(() => {
    if (follows.value && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [entries.length]);

  const select = (index: number) => {
    const entry = entries[Math.max(0, Math.min(entries.length - 1, index))];
    if (!entry || !box.current) return;
    console.selected.value = entry.number;
    const top = entries.indexOf(entry) * ROW;
    const { scrollTop, clientHeight } = box.current;
    if (top < scrollTop) box.current.scrollTop = top;
    else if (top + ROW > scrollTop + clientHeight) box.current.scrollTop = top + ROW - clientHeight;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(view.value.height / ROW) - 1);
    const at = selectedAt < 0 ? entries.length : selectedAt;
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: entries.length - 1,
    }[event.key];
    if (event.key === 'Escape') console.selected.value = undefined;
    if (to === undefined) return;
    event.preventDefault();
    select(to);
  };

  // Where a search has made the list shorter, the browser has not yet said how far it scrolled back.
  const top = Math.max(0, Math.min(view.value.top, entries.length * ROW - view.value.height));
  const first = Math.max(0, Math.floor(top / ROW) - BEYOND);
  const last = Math.min(entries.length, Math.ceil((top + view.value.height) / ROW) + BEYOND);
  return (
    <div
      class="timeline"
      ref={box}
      role="listbox"
      aria-label="Frames, oldest first"
      tabIndex={0}
      aria-activedescendant={selectedAt >= first && selectedAt < last ? `entry-${console.selected.value}` : undefined}
      onKeyDown={onKeyDown}
      onScroll={(event) => {
        const { scrollTop: top, clientHeight: height, scrollHeight } = event.currentTarget;
        view.value = { top, height };
        follows.value = top + height >= scrollHeight - ROW;
      }}
    >
      <div class="whole" style={{ height: `${entries.length * ROW}px` }} role="presentation">
        {entries.slice(first, last).map((entry, index) => (
          <Row
            key={entry.number}
            entry={entry}
            index={first + index}
            count={entries.length}
            isSelected={entry.number === console.selected.value}
            onSelect={() => select(first + index)}
          />
        ))}
      </div>
    </div>
  );
};

interface RowProps {
  readonly entry: Entry;
  readonly index: number;
  readonly count: number;
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

const Row: FunctionComponent<RowProps> = ({ entry, index, count, isSelected, onSelect }) => {
  const { side, whose, kind, event, answers, size, problems, frame } = entry;
  const [sign, words] = ARROWS[kind];
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: as above.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list itself has the keys, and this is its active descendant.
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
      style={{ transform: `translateY(${index * ROW}px)` }}
      onClick={onSelect}
    >
      <span class="at">{clock(entry.at)}</span>
      <span class="who">{whose.name}</span>
      <span class="sign" role="img" aria-label={words}>
        {sign}
      </span>
      <span class="event">{answers ? `${event} ${answers.command}` : event}</span>
      <span class="brief">{brief(entry)}</span>
      <span class="number">{frame?.seq !== undefined ? `seq ${frame.seq}` : ''}</span>
      <span class="number">{answers ? `${answers.ms.toFixed(1)} ms` : ''}</span>
      <span class="number">{frame ? `${size} B` : ''}</span>
      {problems.length > 0 && <span class="mark">{[...new Set(problems.map(({ code }) => code))].join(' ')}</span>}
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

/** What of a frame tells it from others of its kind. */
function brief({ frame, text, kind }: Entry): string {
  if (kind !== 'sent' && kind !== 'received') return text;
  const data = (frame?.data ?? {}) as { message?: { text?: string }; text?: string; code?: string };
  return data.code ?? data.message?.text ?? data.text ?? (frame?.id === undefined ? '' : `#${frame.id}`);
}
