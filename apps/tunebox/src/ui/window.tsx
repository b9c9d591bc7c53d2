/** @jsxImportSource react */
import { Box, Text, useApp, useInput, useWindowSize } from 'ink';
import { type ReactNode, useCallback, useReducer, useState, useSyncExternalStore } from 'react';
import { oneLine } from '../plain.js';
import { played, SILENCE } from '../player.js';
import type { Phase, Seat } from '../seat.js';
import { ChatPanel } from './chat-panel.js';
import { Library } from './library.js';
import { PlayerBar } from './player-bar.js';

/** Narrower terminals show one panel at a time. */
const BOTH_PANELS_COLUMNS = 72;

/** All of it: the library, the chat and the player, and the keys that work everywhere. */
export function Window({ seat, as }: { seat: Seat; as: string }) {
  const phase = useSyncExternalStore(seat.subscribe, seat.phase);
  const [playback, play] = useReducer(played, SILENCE);
  const [panel, setPanel] = useState<'library' | 'chat'>('library');
  const tick = useCallback(() => play({ do: 'tick' }), []);
  const { columns, rows } = useWindowSize();
  const { exit } = useApp();
  useInput((input, key) => {
    if (key.ctrl && input === 'c') exit();
    else if (key.escape && phase.name === 'signing-in') seat.cancel();
    else if (key.tab) setPanel(panel === 'library' ? 'chat' : 'library');
    else if (key.ctrl && input === 'p') play({ do: 'pause' });
    else if (key.ctrl && input === 'n') play({ do: 'next' });
    else if (key.ctrl && input === 'o' && phase.name === 'in') void seat.signOut();
    else if (key.ctrl && input === 'l' && phase.name === 'in') phase.chat.connect();
  });
  if (phase.name === 'signing-in') return <SigningIn url={phase.url} width={columns} height={rows - 1} />;
  const hasBoth = columns >= BOTH_PANELS_COLUMNS;
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Box justifyContent="space-between" paddingX={1}>
        <Box flexShrink={0} marginRight={1}>
          <Text bold color="magenta">
            ♫ Tunebox
          </Text>
        </Box>
        <Text dimColor wrap="truncate">
          {whoAndHow(phase, as)}
        </Text>
      </Box>
      <Box flexGrow={1}>
        {(hasBoth || panel === 'library') && (
          <Library
            isActive={panel === 'library'}
            playing={playback.track}
            height={rows - 4}
            width={hasBoth ? 34 : columns}
            onPlay={(track) => play({ do: 'play', track })}
          />
        )}
        {(hasBoth || panel === 'chat') && (
          <ChatPanel
            isActive={panel === 'chat'}
            phase={phase}
            seat={seat}
            song={playback.track}
            height={rows - 4}
            width={hasBoth ? columns - 34 : columns}
          />
        )}
      </Box>
      <PlayerBar playback={playback} onTick={tick} width={columns} />
      <Text dimColor wrap="truncate">
        {hasBoth
          ? ' Tab: library or messages · Ctrl-P: pause · Ctrl-N: next · Ctrl-O: sign out · Ctrl-C: leave'
          : ' Tab: switch · ^P pause · ^N next · ^O sign out · ^C leave'}
      </Text>
    </Box>
  );
}

/** The address has no frame around it, so that it can be copied. */
function SigningIn({ url, width, height }: { url: string | undefined; width: number; height: number }) {
  return (
    <Box flexDirection="column" width={width} height={height}>
      <Text bold color="magenta">
        ♫ Tunebox
      </Text>
      <Text>Sign in with your browser. Where it has not opened by itself, open this address:</Text>
      <Text color="cyan" wrap="hard">
        {url ?? '…'}
      </Text>
      <Text dimColor>Tunebox goes on by itself when you have. Esc: not now</Text>
    </Box>
  );
}

function whoAndHow(phase: Phase, as: string): ReactNode {
  if (phase.name === 'in') return <Connection phase={phase} />;
  return phase.name === 'starting' ? '' : `${as} · not signed in`;
}

function Connection({ phase }: { phase: Extract<Phase, { name: 'in' }> }) {
  const { me, state } = useSyncExternalStore(phase.chat.subscribe, phase.chat.view);
  return (
    <Text wrap="truncate">
      {me ? `${oneLine(me.name)} · ` : ''}
      <ConnectionState name={state.name} />
    </Text>
  );
}

function ConnectionState({ name }: { name: string }) {
  if (name === 'live') return <Text color="green">● live</Text>;
  if (name === 'opening' || name === 'catching-up') return <Text color="yellow">◌ {name.replace('-', ' ')}</Text>;
  return <Text color="red">○ offline (Ctrl-L: try now)</Text>;
}
