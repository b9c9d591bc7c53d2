import type { ComponentChildren } from 'preact';
import { ERROR_CODE_PAGES, type ErrorCodePage } from './error-codes.js';
import { page } from './layout.js';

/** The texts of the protocol mark names with backticks. */
function Prose({ text }: { text: string }) {
  const parts: ComponentChildren[] = text
    .split('`')
    .map((part, index) => (index % 2 === 1 ? <code key={part}>{part}</code> : part));
  return <>{parts}</>;
}

const hasName = (code: string) => !/^\d/.test(code);

/** What one error or close code means, and what to do. */
export function errorCodePage({ code, closeCode, reasons, means, advice, retryable }: ErrorCodePage): string {
  return page(
    code,
    <section class="card">
      <h1>
        <code>{code}</code>
      </h1>
      <p class="lead">
        <Prose text={means} />
      </p>
      <h2>What to do</h2>
      <p>
        <Prose text={advice} />
      </p>
      <dl class="list">
        <dt>Try the same again?</dt>
        <dd>{retryable ? 'Yes, with backoff.' : 'No, it would fail again.'}</dd>
        {closeCode !== undefined && hasName(code) && (
          <>
            <dt>Close code</dt>
            <dd>
              <a href={`/errors/${closeCode}`}>{closeCode}</a>
            </dd>
          </>
        )}
        {reasons && (
          <>
            <dt>{reasons.length === 1 ? 'Reason' : 'Reasons'}</dt>
            {reasons.map((reason) => (
              <dd key={reason}>
                <a href={`/errors/${reason}`}>
                  <code>{reason}</code>
                </a>
              </dd>
            ))}
          </>
        )}
      </dl>
      <p>
        <a href="/errors">All error and close codes</a>
      </p>
    </section>,
  );
}

/** All of them on one page. */
export function errorCodesPage(): string {
  const list = (codes: ErrorCodePage[]) => (
    <dl class="list codes">
      {codes.map(({ code, means }) => (
        <>
          <dt>
            <a href={`/errors/${code}`}>
              <code>{code}</code>
            </a>
          </dt>
          <dd>
            <Prose text={means} />
          </dd>
        </>
      ))}
    </dl>
  );
  const all = [...ERROR_CODE_PAGES.values()];
  return page(
    'Error and close codes',
    <section class="card">
      <h1>Error and close codes</h1>
      <h2>Names</h2>
      {list(all.filter(({ code }) => hasName(code)))}
      <h2>Numbers</h2>
      {list(all.filter(({ code }) => !hasName(code)).sort((a, b) => Number(a.code) - Number(b.code)))}
    </section>,
    { wide: true },
  );
}

/** For an address that is nothing, or a fault of ours. */
export function problemPage(title: string, text: string): string {
  return page(
    title,
    <section class="card">
      <h1>{title}</h1>
      <p class="lead">{text}</p>
      <p>
        <a href="/">Go to the start page</a>
      </p>
    </section>,
  );
}
