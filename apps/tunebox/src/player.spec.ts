import { LIBRARY } from './library.js';
import { clock, type Playback, type PlayerAction, played, SILENCE } from './player.js';

const after = (...actions: PlayerAction[]): Playback => actions.reduce(played, SILENCE);
const [first, second] = LIBRARY as [(typeof LIBRARY)[number], (typeof LIBRARY)[number]];

describe('The player', () => {
  test('plays what is asked for, pauses when it is asked for again, and goes on where it was', () => {
    expect(after({ do: 'tick' }, { do: 'pause' }, { do: 'next' })).toEqual(SILENCE);
    const paused = after({ do: 'play', track: first }, { do: 'tick' }, { do: 'play', track: first }, { do: 'tick' });
    expect(paused).toEqual({ track: first, atSecond: 1, isPlaying: false });
    expect(played(paused, { do: 'pause' })).toEqual({ track: first, atSecond: 1, isPlaying: true });
  });

  test('goes on with the next track, and with the first after the last', () => {
    const ending = { track: first, atSecond: first.seconds - 1, isPlaying: true };
    expect(played(ending, { do: 'tick' })).toEqual({ track: second, atSecond: 0, isPlaying: true });
    expect(after({ do: 'play', track: LIBRARY.at(-1)! }, { do: 'next' }).track).toBe(first);
  });

  test('has tracks that are told apart by their ids, and says times as people do', () => {
    expect(new Set(LIBRARY.map(({ id }) => id)).size).toBe(LIBRARY.length);
    expect(LIBRARY.every(({ id }) => /^[a-z-]+$/.test(id))).toBe(true);
    expect(clock(first.seconds)).toBe('3:21');
  });
});
