/** @jsxImportSource react */
import { Box, Text, useInput, usePaste } from 'ink';
import { oneLine } from '../plain.js';
import { type Draft, EMPTY, edited, firstOf, lastLetters } from './draft.js';
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
  const send = () => {
    const text = textOf(latest());
    if (text.trim() === '') return;
    onSend(text);
    edit({ do: 'clear' });
  };
  /** Where the machine is busy several keys come at once, Enter among them. */
  const type = (keys: string) => {
    const [first = '', ...others] = keys.split('\r');
    if (first) write(first);
    for (const each of others) {
      send();
      if (each) write(each);
    }
  };
  useInput(
    (input, key) => {
      if (key.return) send();
      else if (key.leftArrow) edit({ do: 'left' });
      else if (key.rightArrow) edit({ do: 'right' });
      else if (key.home || (key.ctrl && input === 'a')) edit({ do: 'home' });
      else if (key.end || (key.ctrl && input === 'e')) edit({ do: 'end' });
      else if (key.backspace || key.delete) edit({ do: 'backspace' });
      else if (key.ctrl && input === 'u') {
        edit({ do: 'clear' });
        onChange?.('');
      } else if (input && !key.ctrl && !key.meta && !key.tab && !key.escape) type(input);
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
  const cursor = isActive ? firstOf(oneLine(after)) : '';
  return (
    // What is written at the end is seen, also where letters are wide.
    <Text wrap={after === '' ? 'truncate-start' : 'truncate'}>
      {lastLetters(oneLine(before), width)}
      {isActive ? <Text inverse>{cursor || ' '}</Text> : null}
      {oneLine(after).slice(cursor.length)}
    </Text>
  );
}
