import { positionIn } from '@drawbridge/database';
import { invalid } from './api-error.js';

/** ApiError `invalid_data` for what is no cursor with parts of these types. */
export function positionOf<const T extends readonly ('string' | 'number')[]>(cursor: string, ...types: T) {
  const position = positionIn(cursor, ...types);
  if (!position) throw unknownCursor();
  return position;
}

export function unknownCursor() {
  return invalid({ path: 'cursor', problem: 'is not one that the bridge gave' });
}
