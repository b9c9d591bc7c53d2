import { parseRecording, type Recording } from './recording.js';

/** Those that the tester keeps, and the last few that were recorded, which nobody has to think of. The oldest go (I9). */
const SHELVES = {
  kept: { key: 'drawbridge-console-runs', most: 20 },
  recent: { key: 'drawbridge-console-recent-runs', most: 5 },
} as const;
export type Shelf = keyof typeof SHELVES;

/** Of one shelf. Browsers give an origin about five million characters. */
const MAX_LENGTH = 2_000_000;

/** Recordings in this browser, the newest first; each has a name of its own on its shelf. */
export function savedRuns(shelf: Shelf): readonly Recording[] {
  try {
    const texts = JSON.parse(localStorage.getItem(SHELVES[shelf].key) ?? '[]') as unknown[];
    return texts.map((text) => parseRecording(JSON.stringify(text)));
  } catch {
    // Another version wrote them, or nothing may be kept here.
    return [];
  }
}

/** Throws where the browser keeps nothing. */
export function saveRun(shelf: Shelf, recording: Recording): void {
  keep(shelf, [recording, ...others(shelf, recording.name)].slice(0, SHELVES[shelf].most));
}

export function forgetRun(shelf: Shelf, name: string): void {
  keep(shelf, others(shelf, name));
}

const others = (shelf: Shelf, name: string) => savedRuns(shelf).filter((recording) => recording.name !== name);

function keep(shelf: Shelf, recordings: readonly Recording[]): void {
  const kept: Recording[] = [];
  let length = 0;
  for (const recording of recordings) {
    length += JSON.stringify(recording).length;
    if (length > MAX_LENGTH) break;
    kept.push(recording);
  }
  if (kept.length === 0 && recordings.length > 0)
    throw new Error('It is too large to be kept here: save it to a file.');
  localStorage.setItem(SHELVES[shelf].key, JSON.stringify(kept));
}
