import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Console } from '../console.js';
import type { Entry } from '../wire/entry.js';
import { Row } from './row.js';

/** All rows are as high as this, so that 10,000 need no measuring. In CSS pixels. */
const ROW = 28;
/** A list as narrow as this has two lines to a row. */
const NARROW = 540;
const NARROW_ROW = 46;
/** Rows drawn beyond both edges, for quick scrolling. */
const BEYOND = 12;

interface ListProps {
  readonly console: Console;
  /** Some. */
  readonly entries: readonly Entry[];
}

/** Where somebody is in the list, and what of it they see. */
interface View {
  readonly top: number;
  readonly height: number;
  readonly row: number;
}

/** The newest is kept in sight, until somebody scrolls up or chooses an entry; then a button says how many came since. */
export const FrameList: FunctionComponent<ListProps> = ({ console, entries }) => {
  const box = useRef<HTMLDivElement>(null);
  const view = useSignal<View>({ top: 0, height: 600, row: ROW });
  const isAtEnd = useSignal(true);
  /** Whoever looks at an entry wants it to stay where it is, unless they have gone to the end since. */
  const isLetGo = useSignal(false);
  /** The number of the newest entry that was in sight. */
  const seen = useRef(0);
  /** Where this put it, so that nobody is taken to have scrolled there. */
  const put = useRef<number | undefined>(undefined);
  const { row } = view.value;
  const selected = console.selected.value;
  const selectedAt = selected === undefined ? -1 : entries.findIndex(({ number }) => number === selected);
  const follows = isAtEnd.value && (selectedAt < 0 || isLetGo.value);

  const scrollTo = (top: number) => {
    const element = box.current!;
    element.scrollTop = top;
    put.current = element.scrollTop;
  };
  const toEnd = () => scrollTo(box.current!.scrollHeight);
  const show = (index: number) => {
    const { scrollTop, clientHeight } = box.current!;
    if (index * row < scrollTop) scrollTo(index * row);
    else if ((index + 1) * row > scrollTop + clientHeight) scrollTo((index + 1) * row - clientHeight);
  };

  // Whenever its room changes: also when the details open below it.
  const onResize = useRef(() => {});
  onResize.current = () => {
    const { scrollTop, clientHeight: height, clientWidth } = box.current!;
    // Where it is narrow there is one part of the page at a time.
    if (clientWidth === 0) return;
    const next = clientWidth < NARROW ? NARROW_ROW : ROW;
    const { top, height: before } = view.value;
    const wasInSight = selectedAt >= 0 && (selectedAt + 1) * row > top && selectedAt * row < top + before;
    view.value = { top: scrollTop, height, row: next };
    // Not drawn yet: the effect below puts it right.
    if (next !== row) return;
    if (follows) toEnd();
    else if (wasInSight) show(selectedAt);
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => onResize.current());
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const lastRow = useRef(row);
  useLayoutEffect(() => {
    const was = lastRow.current;
    lastRow.current = row;
    if (follows) toEnd();
    else if (row !== was) {
      scrollTo((box.current!.scrollTop / was) * row);
      if (selectedAt >= 0) show(selectedAt);
    }
  }, [entries.length, row, follows]);
  // Whoever chose it: here, by its answer, or by what came of what was sent.
  useLayoutEffect(() => {
    isLetGo.value = false;
    if (selectedAt >= 0) show(selectedAt);
  }, [selected]);

  const select = (index: number) => {
    console.selected.value = entries[Math.max(0, Math.min(entries.length - 1, index))]?.number;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(view.value.height / row) - 1);
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
  const top = Math.max(0, Math.min(view.value.top, entries.length * row - view.value.height));
  const first = Math.max(0, Math.floor(top / row) - BEYOND);
  const last = Math.min(entries.length, Math.ceil((top + view.value.height) / row) + BEYOND);
  const lastInSight = entries[Math.min(entries.length, Math.floor((top + view.value.height) / row)) - 1];
  seen.current = Math.max(seen.current, (follows ? entries.at(-1) : lastInSight)?.number ?? 0);
  const newer = entries.length - 1 - entries.findLastIndex(({ number }) => number <= seen.current);
  return (
    <div class="frame-list">
      <div
        class="timeline"
        ref={box}
        role="listbox"
        aria-label="Frames, oldest first"
        data-lines={row === ROW ? 1 : 2}
        tabIndex={0}
        aria-activedescendant={selectedAt >= first && selectedAt < last ? `entry-${selected}` : undefined}
        onKeyDown={onKeyDown}
        onScroll={(event) => {
          const { scrollTop, clientHeight: height, scrollHeight } = event.currentTarget;
          view.value = { top: scrollTop, height, row };
          if (scrollTop === put.current) return;
          put.current = undefined;
          isAtEnd.value = scrollTop + height >= scrollHeight - row;
          if (isAtEnd.value) isLetGo.value = true;
        }}
      >
        <div class="whole" style={{ height: `${entries.length * row}px` }} role="presentation">
          {entries.slice(first, last).map((entry, index) => (
            <Row
              key={entry.number}
              entry={entry}
              index={first + index}
              count={entries.length}
              height={row}
              isNarrow={row !== ROW}
              isSelected={entry.number === selected}
              onSelect={() => select(first + index)}
            />
          ))}
        </div>
      </div>
      {newer > 0 && (
        <button
          type="button"
          class="newer"
          onClick={() => {
            isAtEnd.value = true;
            isLetGo.value = true;
            // What had the focus goes.
            box.current?.focus();
          }}
        >
          {newer} newer <span aria-hidden="true">↓</span>
        </button>
      )}
    </div>
  );
};
