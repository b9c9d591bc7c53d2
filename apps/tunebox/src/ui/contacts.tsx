/** @jsxImportSource react */
import { Box, Text, useInput } from 'ink';
import { useEffect, useState } from 'react';
import type { Chat, ChatView } from '../chat/chat.js';
import { oneLine } from '../plain.js';
import type { PanelSize } from './chat-panel.js';
import { Composer } from './composer.js';
import { Panel } from './panel.js';
import { Problems } from './problems.js';
import { windowAround } from './scroll.js';
import { useSelection } from './use-selection.js';

interface Props extends PanelSize {
  readonly chat: Chat;
  readonly view: ChatView;
  readonly onOpen: (id: string) => void;
  readonly onBack: () => void;
}

/** Whom to write to. Where there is a conversation with them it is opened; the first message makes one. */
export function Contacts({ chat, view, onOpen, onBack, ...size }: Props) {
  const { contacts, talks, online, allowed } = view;
  const selection = useSelection(contacts.length);
  const [to, setTo] = useState<string>();
  const selected = selection.at;
  const talkWith = (id: string) =>
    talks.find(({ isDirect, people }) => isDirect && people.some((one) => one.id === id));
  const known = to === undefined ? undefined : talkWith(to)?.id;
  useEffect(() => {
    if (known !== undefined) onOpen(known);
  }, [known, onOpen]);
  useInput(
    (input, key) => {
      if (key.escape) to === undefined ? onBack() : setTo(undefined);
      else if (to !== undefined) return;
      else if (key.upArrow || input === 'k') selection.up();
      else if (key.downArrow || input === 'j') selection.down();
      else if (key.return) setTo(contacts[selection.now()]?.id);
    },
    { isActive: size.isActive },
  );
  const { from, to: end } = windowAround(selected, contacts.length, size.height - 6);
  const person = contacts.find(({ id }) => id === to);
  return (
    <Panel title={person ? `To ${oneLine(person.name)}` : 'To whom?'} {...size}>
      <Box flexDirection="column" flexGrow={1} flexBasis={0} overflow="hidden">
        {person
          ? null
          : contacts.slice(from, end).map(({ id, name, handle }, n) => (
              <Text key={id} wrap="truncate" inverse={size.isActive && from + n === selected}>
                {online.has(id) ? '● ' : '  '}
                {oneLine(name)} <Text dimColor>@{oneLine(handle)}</Text>
              </Text>
            ))}
        {contacts.length === 0 ? (
          <Text dimColor>
            {allowed.includes('contacts.read')
              ? 'You have no contacts.'
              : 'You did not allow Tunebox to see your contacts.'}
          </Text>
        ) : null}
      </Box>
      <Problems view={view} />
      {person ? (
        <Composer isActive={size.isActive} width={size.width - 4} onSend={(text) => chat.sendTo(person.id, text)} />
      ) : null}
      <Text dimColor>{person ? 'Enter: send · Esc: somebody else' : 'Enter: write · Esc: back'}</Text>
    </Panel>
  );
}
