/** @jsxImportSource react */
import { Text, useInput } from 'ink';
import { useState, useSyncExternalStore } from 'react';
import type { Chat } from '../chat/chat.js';
import type { Track } from '../library.js';
import { oneLine } from '../plain.js';
import type { Phase, Seat } from '../seat.js';
import { Contacts } from './contacts.js';
import { Panel } from './panel.js';
import { TalkList } from './talk-list.js';
import { TalkView } from './talk-view.js';

export interface PanelSize {
  readonly isActive: boolean;
  readonly width: number;
  readonly height: number;
}

type OutsidePhase = Exclude<Phase, { name: 'in' | 'signing-in' }>;

interface Props extends PanelSize {
  readonly phase: OutsidePhase | Extract<Phase, { name: 'in' }>;
  readonly seat: Seat;
  readonly song: Track | undefined;
}

/** The person's messages, or how to get at them. */
export function ChatPanel({ phase, seat, song, ...size }: Props) {
  if (phase.name === 'in') return <Talks chat={phase.chat} song={song} {...size} />;
  return (
    <Panel title="Messages" {...size}>
      <Outside phase={phase} seat={seat} isActive={size.isActive} />
    </Panel>
  );
}

function Outside({ phase, seat, isActive }: { phase: OutsidePhase; seat: Seat; isActive: boolean }) {
  useInput(
    (_input, key) => {
      if (key.return && (phase.name === 'signed-out' || phase.name === 'ended')) void seat.signIn();
    },
    { isActive },
  );
  const enter = isActive ? 'Press Enter to sign in' : 'Press Tab, then Enter, to sign in';
  switch (phase.name) {
    case 'starting':
      return <Text dimColor>…</Text>;
    case 'signed-out':
      return (
        <>
          <Text>Your messages, while you listen. {enter} with your browser.</Text>
          {phase.note ? <Text color="red">{oneLine(phase.note)}</Text> : null}
        </>
      );
    case 'ended':
      return (
        <>
          <Text color="yellow">{phase.text}</Text>
          {phase.forgotten ? <Text>Tunebox has forgotten your messages and your sign-in.</Text> : null}
          {phase.docs ? <Text dimColor>{oneLine(phase.docs)}</Text> : null}
          <Text>{enter} again.</Text>
        </>
      );
  }
}

type Place = { at: 'list' } | { at: 'contacts' } | { at: 'talk'; id: string };

function Talks({ chat, song, ...size }: PanelSize & { chat: Chat; song: Track | undefined }) {
  const view = useSyncExternalStore(chat.subscribe, chat.view);
  const [place, go] = useState<Place>({ at: 'list' });
  const talk = place.at === 'talk' ? view.talks.find(({ id }) => id === place.id) : undefined;
  const back = () => go({ at: 'list' });
  if (place.at === 'talk' && talk)
    return <TalkView chat={chat} view={view} talk={talk} song={song} onBack={back} {...size} />;
  if (place.at === 'contacts')
    return <Contacts chat={chat} view={view} onOpen={(id) => go({ at: 'talk', id })} onBack={back} {...size} />;
  return (
    <TalkList view={view} onOpen={(id) => go({ at: 'talk', id })} onNew={() => go({ at: 'contacts' })} {...size} />
  );
}
