/** @jsxImportSource react */
import type { Message, OutboxEntry } from '@drawbridge/client';
import { Box, Text, useInput } from 'ink';
import { useEffect } from 'react';
import type { Chat, ChatView } from '../chat/chat.js';
import { reached, type Talk } from '../chat/talks.js';
import { shareText, type Track } from '../library.js';
import { oneLine, plain } from '../plain.js';
import type { PanelSize } from './chat-panel.js';
import { Composer } from './composer.js';
import { Panel } from './panel.js';
import { Problems } from './problems.js';
import { turned } from './scroll.js';
import { useLatest } from './use-latest.js';
import { body, typists, when } from './words.js';

interface Props extends PanelSize {
  readonly chat: Chat;
  readonly view: ChatView;
  readonly talk: Talk;
  readonly song: Track | undefined;
  readonly onBack: () => void;
}

const MARKS = { sent: '✓', delivered: '✓✓', read: '✓✓ read' } as const;

/** One conversation: what was said, what waits to be sent, and where to write. */
export function TalkView({ chat, view, talk, song, onBack, ...size }: Props) {
  const { id, messages, last } = talk;
  const { me, waiting, state, allowed } = view;
  const isLive = state.name === 'live';
  const isLoaded = messages !== undefined;
  const lastPosition = last?.position;
  /** The position of the last message that is shown; undefined: the newest. */
  const [end, turn, latestEnd] = useLatest<number | undefined, number>(
    (at, by) => turned(messages?.map(({ position }) => position) ?? [], at, by),
    undefined,
  );
  const upTo = (at = Number.POSITIVE_INFINITY) => messages?.filter(({ position }) => position <= at) ?? [];
  const page = Math.max(1, Math.floor(size.height / 2));
  useEffect(() => {
    if (isLive && !isLoaded) void chat.open(id);
  }, [chat, id, isLive, isLoaded]);
  useEffect(() => {
    if (isLive && isLoaded && size.isActive && lastPosition) chat.read(id);
  }, [chat, id, isLive, isLoaded, size.isActive, lastPosition]);
  const share = () => song && chat.send(id, shareText(song));
  useInput(
    (input, key) => {
      if (key.escape) {
        chat.typing(id, false);
        onBack();
      } else if (key.pageUp) {
        turn(-page);
        if (upTo(latestEnd()).length < size.height) void chat.older(id);
      } else if (key.pageDown) turn(page);
      else if (key.ctrl && input === 's') share();
      else if (key.ctrl && input === 'r') void chat.retry();
      else if (key.ctrl && input === 'x') void chat.discard();
    },
    { isActive: size.isActive },
  );
  const mine = waiting.filter(({ data }) => 'conversation' in data && data.conversation === id);
  const typing = typists(talk);
  const title = talk.isDirect ? oneLine(talk.title) : `${oneLine(talk.title)} (${talk.memberCount} people)`;
  return (
    <Panel title={title} {...size}>
      <Box flexDirection="column" flexGrow={1} flexBasis={0} justifyContent="flex-end" overflow="hidden">
        {isLoaded ? null : <Text dimColor>{isLive ? 'The messages are on their way…' : 'You are offline.'}</Text>}
        {upTo(end)
          .slice(-size.height)
          .map((message) => (
            <Line key={message.id} message={message} isMine={message.from.id === me?.id} talk={talk} />
          ))}
        {end === undefined ? mine.map((entry) => <Unsent key={entry.localId} entry={entry} isLive={isLive} />) : null}
      </Box>
      <Box flexDirection="column" flexShrink={0}>
        <Text dimColor wrap="truncate">
          {typing ?? (end === undefined ? ' ' : 'PgDn: newer messages')}
        </Text>
        <Problems view={view} />
        {allowed.includes('messages.send') ? (
          <Composer
            isActive={size.isActive}
            width={size.width - 4}
            onChange={(text) => chat.typing(id, text !== '')}
            onSend={(text) => chat.send(id, text)}
          />
        ) : (
          <Text dimColor>You allowed Tunebox to read your messages, not to write.</Text>
        )}
        <Text dimColor wrap="truncate">
          {song ? `Ctrl-S: share “${song.name}” · ` : ''}PgUp: older messages · Esc: back
        </Text>
      </Box>
    </Panel>
  );
}

function Line({ message, isMine, talk }: { message: Message; isMine: boolean; talk: Talk }) {
  const { from, via, sentAt, editedAt, deletedAt, reactions } = message;
  const reactionsSaid = reactions.map(({ emoji, count }) => ` ${oneLine(emoji)}${count > 1 ? count : ''}`).join('');
  return (
    <Box flexShrink={0}>
      <Text wrap="wrap">
        <Text bold color={isMine ? 'cyan' : 'green'}>
          {isMine ? 'You' : oneLine(from.name)}
        </Text>
        <Text dimColor>
          {' '}
          {when(sentAt)}
          {via && via.app !== 'Tunebox' ? ` via ${oneLine(via.app)}` : ''}
        </Text>{' '}
        <Text dimColor={deletedAt !== undefined}>{body(message)}</Text>
        {editedAt && !deletedAt ? <Text dimColor> (edited)</Text> : null}
        {reactionsSaid}
        {isMine ? <Text dimColor> {MARKS[reached(talk, message)]}</Text> : null}
      </Text>
    </Box>
  );
}

function Unsent({ entry: { data, status }, isLive }: { entry: Readonly<OutboxEntry>; isLive: boolean }) {
  const text = 'text' in data ? data.text : '';
  return (
    <Box flexShrink={0}>
      <Text wrap="wrap" color={status === 'failed' ? 'red' : 'yellow'}>
        You {plain(text)}{' '}
        {status === 'failed' ? '✗ not sent' : status === 'sending' && isLive ? '… sending' : '◷ waits'}
      </Text>
    </Box>
  );
}
