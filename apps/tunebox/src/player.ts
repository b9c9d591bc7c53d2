import { LIBRARY, type Track } from './library.js';

/** What is in the player. */
export interface Playback {
  readonly track: Track | undefined;
  readonly atSecond: number;
  readonly isPlaying: boolean;
}

export const SILENCE: Playback = { track: undefined, atSecond: 0, isPlaying: false };

export type PlayerAction = { do: 'play'; track: Track } | { do: 'pause' } | { do: 'next' } | { do: 'tick' };

/** What happens in the player; pure. `tick` comes once a second. */
export function played(before: Playback, action: PlayerAction): Playback {
  switch (action.do) {
    case 'play':
      if (before.track?.id === action.track.id) return { ...before, isPlaying: !before.isPlaying };
      return { track: action.track, atSecond: 0, isPlaying: true };
    case 'pause':
      return before.track ? { ...before, isPlaying: !before.isPlaying } : before;
    case 'next':
      return before.track ? { track: after(before.track), atSecond: 0, isPlaying: true } : before;
    case 'tick': {
      const { track, atSecond, isPlaying } = before;
      if (!track || !isPlaying) return before;
      if (atSecond + 1 < track.seconds) return { ...before, atSecond: atSecond + 1 };
      return { track: after(track), atSecond: 0, isPlaying: true };
    }
  }
}

function after(track: Track): Track {
  return LIBRARY[(LIBRARY.indexOf(track) + 1) % LIBRARY.length]!;
}

/** As in 3:21. */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
