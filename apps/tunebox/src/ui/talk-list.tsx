/** @jsxImportSource react */
import { Box, Text, useInput } from 'ink';
import type { ChatView } from '../chat/chat.js';
import type { Talk } from '../chat/talks.js';
import { oneLine } from '../plain.js';
import type { PanelSize } from './chat-panel.js';
import { Panel } from './panel.js';
import { Problems } from './problems.js';
import { windowAround } from './scroll.js';
import { useSelection } from './use-selection.js';
import { gist, typists } from './words.js';

interface Props extends PanelSize {
  readonly view: ChatView;
  readonly onOpen: (id: string) => void;
  readonly onNew: () => void;
}

/** All conversations, the latest first. */
export function TalkList({ view, onOpen, onNew, ...size }: Props) {
  const { talks, isLoaded, allowed } = view;
  const selection = useSelection(talks.length);
  const selected = selection.at;
  const openSelected = () => {
    const talk = talks[selection.now()];
    if (talk) onOpen(talk.id);
  };
  useInput(
    (input, key) => {
      if (key.upArrow || input === 'k') selection.up();
      else if (key.downArrow || input === 'j') selection.down();
      else if (key.return) openSelected();
      else if (input === 'n') onNew();
    },
    { isActive: size.isActive },
  );
  const unread = talks.reduce((sum, each) => sum + each.unread, 0);
  const { from, to } = windowAround(selected, talks.length, Math.floor((size.height - 5) / 2));
  return (
    <Panel title={unread > 0 ? `Messages (${unread} unread)` : 'Messages'} {...size}>
      <Box flexDirection="column" flexGrow={1} flexBasis={0} overflow="hidden">
        {talks.slice(from, to).map((talk, n) => (
          <Row key={talk.id} talk={talk} view={view} isSelected={size.isActive && from + n === selected} />
        ))}
        {talks.length === 0 ? <Text dimColor>{emptyText(isLoaded, allowed.includes('messages.read'))}</Text> : null}
      </Box>
      <Problems view={view} />
      <Text dimColor wrap="truncate">
        Enter: open · n: write to somebody
      </Text>
    </Panel>
  );
}

function emptyText(isLoaded: boolean, mayRead: boolean): string {
  if (!isLoaded) return 'Your messages are on their way…';
  return mayRead ? 'Nobody has written yet.' : 'You allowed Tunebox to write for you, not to read your messages.';
}

function Row({ talk, view: { me, online }, isSelected }: { talk: Talk; view: ChatView; isSelected: boolean }) {
  const { unread, isDirect, people, last } = talk;
  const isOnline = isDirect && people.some(({ id }) => id !== me?.id && online.has(id));
  const typing = typists(talk);
  return (
    <Box flexDirection="column" flexShrink={0}>
      <Box justifyContent="space-between">
        <Text wrap="truncate" inverse={isSelected} bold={unread > 0}>
          {isOnline ? '● ' : '  '}
          {oneLine(talk.title)}
        </Text>
        {unread > 0 ? <Text color="magenta"> {unread} new</Text> : null}
      </Box>
      <Text dimColor wrap="truncate">
        {'  '}
        {typing ?? (last ? gist(last, me?.id) : '')}
      </Text>
    </Box>
  );
}
