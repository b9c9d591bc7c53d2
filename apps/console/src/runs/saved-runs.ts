import { parseRecording, type Recording } from './recording.js';

const KEY = 'drawbridge-console-runs';
const MAX_SAVED = 20;
/** Browsers give an origin about five million characters. */
const MAX_LENGTH = 2_000_000;

/** Recordings that are kept in this browser, the newest first, by their names. The oldest go (I9). */
export function savedRuns(): readonly Recording[] {
  try {
    const texts = JSON.parse(localStorage.getItem(KEY) ?? '[]') as unknown[];
    return texts.map((text) => parseRecording(JSON.stringify(text)));
  } catch {
    // Another version wrote them, or nothing may be kept here.
    return [];
  }
}

/** Throws where the browser keeps nothing. */
export function saveRun(recording: Recording): void {
  keep([recording, ...savedRuns().filter(({ name }) => name !== recording.name)].slice(0, MAX_SAVED));
}

export function forgetRun(name: string): void {
  keep(savedRuns().filter((recording) => recording.name !== name));
}

function keep(recordings: readonly Recording[]): void {
  const kept: Recording[] = [];
  let length = 0;
  for (const recording of recordings) {
    length += JSON.stringify(recording).length;
    if (length > MAX_LENGTH) break;
    kept.push(recording);
  }
  if (kept.length === 0 && recordings.length > 0)
    throw new Error('It is too large to be kept here: save it to a file.');
  localStorage.setItem(KEY, JSON.stringify(kept));
}
