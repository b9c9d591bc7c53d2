import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { LongText } from '../parts/long-text.js';
import { textOf } from '../parts/text.js';
import type { Entry } from '../wire/entry.js';

/** What came of the frame that was sent last. */
export const OutcomeView: FunctionComponent<{ console: Console }> = ({ console }) => {
  const { composer } = console;
  const outcome = composer.outcome.value;
  if (!outcome) return null;
  const { sent, answer } = outcome;
  const look = (entry: Entry) => {
    console.selected.value = entry.number;
  };
  return (
    <section class="outcome" aria-label="What came of it" aria-live="polite">
      {answer ? <Answer console={console} answer={answer} sent={sent} /> : <p>No answer to {sent.event} yet.</p>}
      <div class="line">
        <button type="button" class="plain" onClick={() => look(sent)}>
          What was sent
        </button>
        {answer && (
          <button type="button" class="plain" onClick={() => look(answer)}>
            What came back
          </button>
        )}
        <button type="button" onClick={() => void composer.repeat()}>
          Send the same again
        </button>
      </div>
    </section>
  );
};

const Answer: FunctionComponent<{ console: Console; answer: Entry; sent: Entry }> = ({ console, answer, sent }) => {
  const { frame, close, event, at } = answer;
  const took = `${(answer.answers?.ms ?? at - sent.at).toFixed(1)} ms`;
  if (close) {
    const code = close.reason || String(close.code);
    return (
      <p class="problem">
        The connection was closed after {took}: {close.code} <Code console={console} code={code} />
      </p>
    );
  }
  const data = (frame?.data ?? {}) as Refusal;
  if (event === 'ok')
    return (
      <p class="fine">
        <b>ok</b> to {sent.event} after {took}
        {data.duplicate === true && ', a duplicate: nothing was sent'}
      </p>
    );
  return (
    <div class="problem">
      <p>
        Refused after {took}: <Code console={console} code={textOf(data.code)} docs={data.docs} />
        {data.scope && ` (${textOf(data.scope)})`}
        {data.retryAfterMs !== undefined && `, again after ${textOf(data.retryAfterMs)} ms`}
      </p>
      {(Array.isArray(data.issues) ? (data.issues as readonly Issue[]) : []).map((issue, index) => (
        <p key={index}>
          <code>
            <LongText text={issue?.path} />
          </code>{' '}
          <LongText text={issue?.problem} />
        </p>
      ))}
    </div>
  );
};

/** As it should be; a bridge that is tested may send anything. */
interface Refusal {
  readonly code?: unknown;
  readonly docs?: unknown;
  readonly duplicate?: unknown;
  readonly scope?: unknown;
  readonly retryAfterMs?: unknown;
  readonly issues?: unknown;
}
type Issue = { readonly path?: unknown; readonly problem?: unknown } | null;

const Code: FunctionComponent<{ console: Console; code: string; docs?: unknown }> = ({
  console,
  code,
  docs = `${console.settings.publicUrl}/errors/${encodeURIComponent(code)}`,
}) => {
  const meaning = console.codes.value.get(code);
  // A frame's link is the bridge's own, or it is none: what is in a frame opens nothing else.
  const isOwn = typeof docs === 'string' && docs.startsWith(`${console.settings.publicUrl}/errors/`);
  return (
    <>
      {isOwn ? (
        <a href={docs} target="_blank" rel="noreferrer">
          <LongText text={code} />
        </a>
      ) : (
        <b>
          <LongText text={code} />
        </b>
      )}
      {meaning && `: ${meaning.means} ${meaning.advice}`.replaceAll('`', '')}
    </>
  );
};
