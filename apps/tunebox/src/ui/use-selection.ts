import { useLatest } from './use-latest.js';

type Move = { by: number; count: number };

const moved = (at: number, { by, count }: Move) =>
  Math.min(Math.max(0, Math.min(at, count - 1) + by), Math.max(0, count - 1));

/** Which line of a list is selected, though the list may get shorter. */
export function useSelection(count: number) {
  const [at, move, latest] = useLatest(moved, 0);
  return {
    at: moved(at, { by: 0, count }),
    up: () => move({ by: -1, count }),
    down: () => move({ by: 1, count }),
    /** Also in the middle of a step. */
    now: () => moved(latest(), { by: 0, count }),
  };
}
