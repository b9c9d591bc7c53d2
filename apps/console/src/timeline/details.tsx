import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import type { Entry } from '../wire/entry.js';
import { isRefusal } from './filter.js';

/** One entry, whole. */
export const Details: FunctionComponent<{ console: Console; entry: Entry }> = ({ console, entry }) => {
  const { frame, text, answers, size, problems, connection, close } = entry;
  const code = codeOf(entry);
  return (
    <aside class="details" aria-label="The chosen entry">
      <header>
        <h3>{answers ? `${entry.event} to ${answers.command}` : entry.event}</h3>
        <button type="button" class="second" onClick={() => void navigator.clipboard.writeText(text)}>
          Copy
        </button>
      </header>
      <p>
        connection {connection}, {size} bytes
        {answers && `, ${answers.ms.toFixed(1)} ms after #${answers.entry}`}
        {close && !close.clean && ', without a closing handshake'}
      </p>
      {problems.map(({ code, message }) => (
        <p key={code} class="problem">
          <b>{code}</b>: {message}
        </p>
      ))}
      {isRefusal(entry) && code && (
        <p>
          <a href={`${console.settings.publicUrl}/errors/${code}`} target="_blank" rel="noreferrer">
            What {code} means, and what to do
          </a>
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a text that scrolls can be reached by keyboard. */}
      <pre class="code" tabIndex={0}>
        {frame ? JSON.stringify(frame, null, 2) : text}
      </pre>
    </aside>
  );
};

function codeOf({ frame, close }: Entry): string | undefined {
  if (close) return close.reason || String(close.code);
  return (frame?.data as { code?: string } | undefined)?.code;
}
