import { marked, type Rich } from '../texts/rich.js';
import type { Said } from '../texts/said.js';
import { ERROR_CODE_PAGES, type ErrorCodePage, wordsOf } from './error-codes.js';
import { type Page, page } from './page.js';

const hasName = (code: string) => !/^\d/.test(code);

function CodeLink({ code }: { code: string }) {
  return (
    <a href={`/errors/${code}`}>
      <code>{code}</code>
    </a>
  );
}

/** What one error or close code means, and what to do. */
export function errorCodePage({ code, closeCode, reasons, retryable }: ErrorCodePage): Page {
  return page(({ errors }) => {
    const { means, advice } = wordsOf(errors.codes, code);
    return {
      title: code,
      body: (
        <section class="card">
          <h1>
            <code>{code}</code>
          </h1>
          <p class="lead">{marked(means)}</p>
          <h2>{errors.whatToDo}</h2>
          <p>{marked(advice)}</p>
          <dl class="list">
            <dt>{errors.sameAgain}</dt>
            <dd>{retryable ? errors.yes : errors.no}</dd>
            {closeCode !== undefined && hasName(code) && (
              <>
                <dt>{errors.closeCode}</dt>
                <dd>
                  <CodeLink code={String(closeCode)} />
                </dd>
              </>
            )}
            {reasons && (
              <>
                <dt>{errors.reasons(reasons.length)}</dt>
                {reasons.map((reason) => (
                  <dd key={reason}>
                    <CodeLink code={reason} />
                  </dd>
                ))}
              </>
            )}
          </dl>
          <p>
            <a href="/errors">{errors.all}</a>
          </p>
        </section>
      ),
    };
  });
}

/** All of them on one page. */
export function errorCodesPage(): Page {
  const all = [...ERROR_CODE_PAGES.values()].map(({ code }) => code);
  return page(
    ({ errors }) => {
      const list = (codes: string[]) => (
        <dl class="list codes">
          {codes.map((code) => (
            <>
              <dt>
                <CodeLink code={code} />
              </dt>
              <dd>{marked(wordsOf(errors.codes, code).means)}</dd>
            </>
          ))}
        </dl>
      );
      return {
        title: errors.title,
        body: (
          <section class="card">
            <h1>{errors.title}</h1>
            <h2>{errors.names}</h2>
            {list(all.filter(hasName))}
            <h2>{errors.numbers}</h2>
            {list(all.filter((code) => !hasName(code)).sort((a, b) => Number(a) - Number(b)))}
          </section>
        ),
      };
    },
    { wide: true },
  );
}

/** For an address that is nothing, or a fault of ours. */
export function problemPage(title: Said, text: Said): Page {
  return page((texts) => {
    const heading: Rich = title(texts);
    return {
      title: heading,
      body: (
        <section class="card">
          <h1>{heading}</h1>
          <p class="lead">{text(texts)}</p>
          <p>
            <a href="/">{texts.problems.toStart}</a>
          </p>
        </section>
      ),
    };
  });
}
