/** @jsxImportSource react */
import { Box, Text } from 'ink';
import { useEffect } from 'react';
import { clock, type Playback } from '../player.js';

interface Props {
  readonly playback: Playback;
  readonly width: number;
  readonly onTick: () => void;
}

/** What plays, and how far it is. */
export function PlayerBar({ playback: { track, atSecond, isPlaying }, width, onTick }: Props) {
  useEffect(() => {
    if (!isPlaying) return;
    const ticking = setInterval(onTick, 1_000);
    return () => clearInterval(ticking);
  }, [isPlaying, onTick]);
  if (!track)
    return (
      <Text dimColor wrap="truncate">
        {' ■ Nothing plays. Enter plays what is selected in the library.'}
      </Text>
    );
  const label = ` ${isPlaying ? '▶' : '⏸'} ${track.name} · ${track.artist} `;
  const times = ` ${clock(atSecond)} / ${clock(track.seconds)} `;
  const room = Math.max(4, width - label.length - times.length - 2);
  const done = Math.round((atSecond / track.seconds) * room);
  return (
    <Box>
      <Text wrap="truncate">{label}</Text>
      <Text color="magenta">{'━'.repeat(done)}</Text>
      <Text dimColor>{'─'.repeat(room - done)}</Text>
      <Text>{times}</Text>
    </Box>
  );
}
