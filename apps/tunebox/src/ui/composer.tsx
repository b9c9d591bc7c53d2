/** @jsxImportSource react */
import { Box, Text, useInput, usePaste } from 'ink';
import { oneLine } from '../plain.js';
import { type Draft, EMPTY, edited } from './draft.js';
import { useLatest } from './use-latest.js';

interface Props {
  readonly isActive: boolean;
  readonly width: number;
  readonly onChange?: (text: string) => void;
  readonly onSend: (text: string) => void;
}

/** Where a message is written: one line that scrolls; pasted lines stay lines. */
export function Composer({ isActive, width, onChange, onSend }: Props) {
  const [draft, edit, latest] = useLatest(edited, EMPTY);
  const write = (text: string) => {
    edit({ do: 'insert', text });
    onChange?.(textOf(latest()));
  };
  useInput(
    (input, key) => {
      if (key.return) {
        const text = textOf(latest());
        if (text.trim() === '') return;
        onSend(text);
        edit({ do: 'clear' });
      } else if (key.leftArrow) edit({ do: 'left' });
      else if (key.rightArrow) edit({ do: 'right' });
      else if (key.home || (key.ctrl && input === 'a')) edit({ do: 'home' });
      else if (key.end || (key.ctrl && input === 'e')) edit({ do: 'end' });
      else if (key.backspace || key.delete) edit({ do: 'backspace' });
      else if (key.ctrl && input === 'u') {
        edit({ do: 'clear' });
        onChange?.('');
      } else if (input && !key.ctrl && !key.meta && !key.tab && !key.escape) write(input);
    },
    { isActive },
  );
  usePaste(write, { isActive });
  return (
    <Box flexShrink={0}>
      <Text color="magenta">› </Text>
      <Line draft={draft} isActive={isActive} width={width - 3} />
    </Box>
  );
}

const textOf = ({ before, after }: Draft) => before + after;

function Line({ draft: { before, after }, isActive, width }: { draft: Draft; isActive: boolean; width: number }) {
  if (before === '' && after === '')
    return <Text dimColor>{isActive ? 'Write a message' : 'Tab: write a message'}</Text>;
  return (
    <Text wrap="truncate">
      {oneLine(before).slice(-width)}
      {isActive ? <Text inverse>{oneLine(after).slice(0, 1) || ' '}</Text> : null}
      {oneLine(after).slice(isActive ? 1 : 0)}
    </Text>
  );
}
