import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { copy } from '../parts/copy.js';
import { LongText } from '../parts/long-text.js';
import { DEPTH_MAX, isDeeper } from '../parts/text.js';
import { wscatCommand } from '../send/wscat.js';
import type { Entry } from '../wire/entry.js';

/** One entry, whole, with what its codes mean. */
export const Details: FunctionComponent<{ console: Console; entry: Entry }> = ({ console, entry }) => {
  const { frame, text, answers, size, problems, connection, close } = entry;
  const words = handshakeWords(entry);
  return (
    <aside class="details" aria-label="The chosen entry">
      <header>
        <h3>
          <LongText text={answers ? `${entry.event}, the answer to ${answers.command}` : entry.event} />
        </h3>
        <button type="button" onClick={() => void copy(console, text)}>
          Copy
        </button>
        {entry.kind === 'sent' && (
          <button type="button" onClick={() => void copy(console, wscatCommand(console.settings.publicUrl, text))}>
            Copy as wscat
          </button>
        )}
        <button
          type="button"
          aria-label="Close the details"
          onClick={() => {
            console.selected.value = undefined;
          }}
        >
          ✕
        </button>
      </header>
      <p class="quiet">
        <bdi>{entry.whose.name}</bdi>, connection {connection}
        {frame && `, ${size} bytes`}
        {answers && (
          <>
            , {answers.ms.toFixed(1)} ms after{' '}
            <button
              type="button"
              class="plain"
              onClick={() => {
                console.selected.value = answers.entry;
              }}
            >
              the command
            </button>
          </>
        )}
        {close && !close.clean && ', without a closing handshake'}
      </p>
      {problems.map(({ code, message }) => (
        <p key={code + message} class="problem">
          <b>{code}</b>: <LongText text={message} />
        </p>
      ))}
      {words && <p>{words}</p>}
      {codesOf(entry).map((code) => (
        <Meaning key={code} console={console} code={code} />
      ))}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a text that scrolls can be reached by keyboard. */}
      <pre class="code" tabIndex={0}>
        <LongText text={frame && !isDeeper(frame, DEPTH_MAX) ? JSON.stringify(frame, null, 2) : text} />
      </pre>
    </aside>
  );
};

const Meaning: FunctionComponent<{ console: Console; code: string }> = ({ console, code }) => {
  const meaning = console.codes.value.get(code);
  return (
    <p>
      <a href={`${console.settings.publicUrl}/errors/${encodeURIComponent(code)}`} target="_blank" rel="noreferrer">
        <LongText text={code} />
      </a>
      {meaning && `: ${meaning.means} ${meaning.advice}`.replaceAll('`', '')}
    </p>
  );
};

/** The codes that have a page: of an error, and the number and the reason of a close. */
function codesOf({ event, frame, close, kind }: Entry): readonly string[] {
  if (close) return [String(close.code), close.reason].filter((code) => code !== '');
  const { code } = (frame?.data ?? {}) as { code?: unknown };
  return kind === 'received' && event === 'error' && typeof code === 'string' ? [code] : [];
}

/** The steps of an opening, which happen before anybody does anything. */
function handshakeWords({ kind, event, answers, frame }: Entry): string | undefined {
  if (kind === 'opened')
    return 'The WebSocket is open, with the subprotocol at the end of this line. The bridge speaks first: hello comes next.';
  if (kind === 'received' && event === 'hello')
    return 'The bridge greets. session.open has to follow within openWithinMs, with a token, and a proof made over nonce where the token is bound to a key.';
  if (kind === 'sent' && event === 'session.open')
    return (frame?.data as { resume?: unknown } | null | undefined)?.resume !== undefined
      ? 'The client shows its token, and asks for what came after the place that it knows (resume).'
      : 'The client shows its token. Without resume, events begin with what comes from now on.';
  if (kind === 'received' && event === 'ok' && answers?.command === 'session.open')
    return 'The session is open: who it is, what it may do, and how far the mailbox is. mailbox.live says when nothing is missing any more.';
  return undefined;
}
