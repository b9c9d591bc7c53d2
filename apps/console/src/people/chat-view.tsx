import type { Message } from '@drawbridge/client';
import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { useRef } from 'preact/hooks';
import { LongText } from '../parts/long-text.js';
import { textOf } from '../parts/text.js';
import { Time } from '../parts/time.js';
import { useStayAtEnd } from '../parts/use-stay-at-end.js';
import { CommandField } from '../send/command-field.js';
import type { Talk } from './chat.js';
import type { Seat } from './seat.js';

/** Conversations and the one that is open, as a person sees them. */
export const ChatView: FunctionComponent<{ seat: Seat; onCommand: (line: string) => Promise<boolean> }> = ({
  seat,
  onCommand,
}) => {
  const { chat, side } = seat;
  const me = seat.session.value?.person.id ?? '';
  const text = useSignal('');
  const openId = chat.openId.value;
  const to = chat.to.value;
  const canWrite = openId !== undefined || to !== undefined;
  const known = new Set(
    chat.talks.value.filter(({ kind }) => kind === 'direct').flatMap(({ members }) => members.map(({ id }) => id)),
  );
  const strangers = chat.contacts.value.filter(({ id }) => !known.has(id));
  const reads = seat.session.value?.grant.scopes.includes('messages.read') ?? false;
  const list = useRef<HTMLOListElement>(null);
  const messages = chat.messages.value;
  const waiting = chat.waiting.value;
  // Whoever writes wants to see it, also where it has to wait.
  useStayAtEnd(list, `${openId} ${messages.at(-1)?.id} ${waiting.at(-1)?.localId}`);
  const members = chat.talks.value.find(({ id }) => id === openId)?.members ?? [];
  const nameOf = (id: string) => textOf(members.find((member) => member.id === id)?.name ?? id, TITLE_MAX);
  const typing = [...chat.typing.value].filter((id) => id !== me).map(nameOf);
  return (
    <>
      <label class="visually-hidden" for={`${side}-talk`}>
        Conversation
      </label>
      <select
        id={`${side}-talk`}
        value={to === undefined ? (openId ?? '') : `${TO}${to}`}
        onChange={(event) => void choose(seat, event.currentTarget.value)}
      >
        {openId === undefined && to === undefined && <option value="">Choose a conversation</option>}
        {chat.talks.value.map((talk) => (
          <option key={talk.id} value={talk.id}>
            {textOf(titleOf(talk, me), TITLE_MAX)}
            {talk.unread > 0 ? ` (${talk.unread} new)` : ''}
          </option>
        ))}
        {strangers.length > 0 && (
          <optgroup label="Write to">
            {strangers.map(({ id, name }) => (
              <option key={id} value={`${TO}${id}`}>
                {textOf(name, TITLE_MAX)}
              </option>
            ))}
          </optgroup>
        )}
      </select>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls can be reached by keyboard. */}
      <ol class="messages" ref={list} tabIndex={0} aria-label="Messages">
        {chat.older.value !== undefined && (
          <li>
            <button type="button" class="plain" onClick={() => void chat.loadOlder()}>
              Show older ones
            </button>
          </li>
        )}
        {!reads && <li class="quiet">This sign-in may not read messages.</li>}
        {messages.map((message) => (
          <Bubble key={message.id} message={message} isMine={message.from.id === me} readBy={readBy(seat, message)} />
        ))}
        {waiting.map(({ localId, status, error, command, data }) => (
          <li key={localId} class="mine waiting">
            <p>
              <LongText text={'text' in data ? data.text : command} />
            </p>
            <small>{status === 'failed' ? `not sent: ${error?.code ?? 'failed'}` : status}</small>
          </li>
        ))}
      </ol>
      <p class="typing">{typing.length > 0 ? `${textOf(typing.join(', '), TITLE_MAX)} is typing…` : ''}</p>
      {chat.problem.value && (
        <p class="problem" role="alert">
          {chat.problem.value}
        </p>
      )}
      <form
        class="write"
        onSubmit={async (event) => {
          event.preventDefault();
          const words = text.value.trim();
          // What went wrong can be mended where it was typed.
          if (isCommand(words)) {
            if (await onCommand(words)) text.value = '';
          } else if (words !== '' && canWrite) {
            void chat.send(words.replace(/^\/\//, '/'));
            text.value = '';
          }
        }}
      >
        <CommandField
          id={`${side}-text`}
          label="Message"
          value={text}
          placeholder={canWrite ? 'Message or /ping' : 'Choose a conversation'}
          onInput={() => {
            // A command is no message, nor is what is left when one was deleted.
            if (text.value.trim() !== '' && !isCommand(text.value)) chat.typed();
          }}
        />
        <button type="submit" disabled={!canWrite && !isCommand(text.value)}>
          Send
        </button>
      </form>
    </>
  );
};

/** Characters of a name or title, of which a list has many. */
const TITLE_MAX = 160;
/** Of a message: twice what one may have. */
const TEXT_MAX = 8_000;

/** A message that begins with a slash is written with two. */
const isCommand = (words: string) => /^\/(?!\/)/.test(words);

/** Before the id of a contact with whom there is no conversation yet. */
const TO = 'to:';

async function choose({ chat }: Seat, value: string): Promise<void> {
  if (value.startsWith(TO)) chat.address(value.slice(TO.length));
  else if (value !== '') await chat.open(value);
}

const Bubble: FunctionComponent<{ message: Message; isMine: boolean; readBy: string }> = ({
  message,
  isMine,
  readBy,
}) => {
  const { from, text, title, note, deletedAt, editedAt, reactions, sentAt, via } = message;
  return (
    <li
      class={isMine ? 'mine' : undefined}
      title={textOf(`position ${message.position}, ${message.id}${via ? `, via ${via.app}` : ''}`, TITLE_MAX)}
    >
      {!isMine && (
        <b>
          <bdi>{textOf(from.name, TITLE_MAX)}</bdi>
        </b>
      )}
      <p dir="auto">
        {deletedAt ? <i>deleted</i> : <LongText text={text ?? note} most={TEXT_MAX} />}
        {title && (
          <>
            {' '}
            <bdi>
              <LongText text={title.name} most={TITLE_MAX} />
            </bdi>{' '}
            (<LongText text={title.url} most={TEXT_MAX} />)
          </>
        )}
      </p>
      {reactions.length > 0 && (
        <p class="reactions">
          {reactions.map(({ emoji, count }) => textOf(`${textOf(emoji)} ${textOf(count)}`, TITLE_MAX)).join('  ')}
        </p>
      )}
      <small>
        <Time at={sentAt} />
        {editedAt && !deletedAt && ', edited'}
        {isMine && readBy}
      </small>
    </li>
  );
};

function readBy({ chat, session }: Seat, { position }: Message): string {
  const me = session.value?.person.id;
  const isRead = [...chat.readUpTo.value].some(([person, upTo]) => person !== me && upTo >= position);
  return isRead ? ', read' : '';
}

function titleOf({ title, members, kind }: Talk, me: string): string {
  if (title !== undefined) return title;
  const others = members.filter(({ id }) => id !== me).map(({ name }) => name);
  return others.join(', ') || (kind === 'direct' ? 'Yourself' : 'A group');
}
