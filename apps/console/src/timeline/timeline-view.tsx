import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { Details } from './details.js';
import type { Wanted } from './filter.js';
import { FrameList } from './frame-list.js';

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
        <p class="count">{entries.length === total ? `${total} entries` : `${entries.length} of ${total} entries`}</p>
      </search>
      {entries.length > 0 ? (
        <FrameList console={console} entries={entries} />
      ) : (
        <p class="empty">
          {total === 0 ? 'Nothing yet. Sign somebody in, and every frame appears here.' : 'Nothing of it is like this.'}
        </p>
      )}
      {selected && <Details console={console} entry={selected} />}
    </>
  );
};
