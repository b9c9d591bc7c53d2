/** @jsxImportSource react */
import { Box, Text, useInput } from 'ink';
import { LIBRARY, type Track } from '../library.js';
import { clock } from '../player.js';
import { Panel } from './panel.js';
import { windowAround } from './scroll.js';
import { useSelection } from './use-selection.js';

interface Props {
  readonly isActive: boolean;
  readonly playing: Track | undefined;
  readonly width: number;
  readonly height: number;
  readonly onPlay: (track: Track) => void;
}

/** What there is to play, by album. */
export function Library({ isActive, playing, width, height, onPlay }: Props) {
  const selection = useSelection(LIBRARY.length);
  useInput(
    (input, key) => {
      if (key.upArrow || input === 'k') selection.up();
      else if (key.downArrow || input === 'j') selection.down();
      else if (key.return || input === ' ') onPlay(LIBRARY[selection.now()]!);
    },
    { isActive },
  );
  const lines = LIBRARY.flatMap((track, n) => {
    const begins = track.album !== LIBRARY[n - 1]?.album;
    return begins ? [{ heading: `${track.album} · ${track.artist}` }, { track, n }] : [{ track, n }];
  });
  const selected = lines.findIndex((line) => 'n' in line && line.n === selection.at);
  const { from, to } = windowAround(selected, lines.length, height - 3);
  return (
    <Panel title="Library" isActive={isActive} width={width} height={height}>
      {lines.slice(from, to).map((line) =>
        'heading' in line ? (
          <Text key={line.heading} dimColor wrap="truncate">
            {line.heading}
          </Text>
        ) : (
          <Box key={line.track.id} justifyContent="space-between">
            <Text wrap="truncate" inverse={isActive && line.n === selection.at} bold={line.track === playing}>
              {line.track === playing ? '♪ ' : '  '}
              {line.track.name}
            </Text>
            <Text dimColor>{clock(line.track.seconds)}</Text>
          </Box>
        ),
      )}
    </Panel>
  );
}
