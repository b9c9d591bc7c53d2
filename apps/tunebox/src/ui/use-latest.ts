import { useRef, useState } from 'react';

/**
 * A reducer whose state can be asked for at once. Several keys may come in one step, before anything is rendered anew: each of
 * them has to see what the one before has done.
 */
export function useLatest<State, Action>(
  reduce: (state: State, action: Action) => State,
  initial: State,
): readonly [state: State, act: (action: Action) => void, latest: () => State] {
  const latest = useRef(initial);
  const [state, show] = useState(initial);
  const act = (action: Action) => {
    latest.current = reduce(latest.current, action);
    show(latest.current);
  };
  return [state, act, () => latest.current];
}
