import { CODE_PAGES, STANDARD_CLOSES } from '@drawbridge/protocol';

/** What the page of one code says. */
export interface ErrorCodePage {
  readonly code: string;
  readonly means: string;
  readonly advice: string;
  readonly retryable: boolean;
  /** The number a connection is closed with for this reason. */
  readonly closeCode?: number;
  /** The reasons behind a number. */
  readonly reasons?: readonly string[];
}

const standard: ErrorCodePage[] = Object.entries(STANDARD_CLOSES).map(([code, entry]) => ({
  code,
  closeCode: Number(code),
  ...entry,
}));

const byName: ErrorCodePage[] = Object.entries(CODE_PAGES).map(([code, entry]) => ({ code, ...entry }));

/** A number stands for all the reasons a connection may be closed with under it. */
const byNumber: ErrorCodePage[] = [...Map.groupBy(byName, ({ closeCode }) => closeCode)].flatMap(
  ([closeCode, pages]) => {
    const [only] = pages;
    if (closeCode === undefined || only === undefined) return [];
    const reasons = pages.map(({ code }) => code);
    if (pages.length === 1) return [{ ...only, code: String(closeCode), reasons }];
    return [
      {
        code: String(closeCode),
        closeCode,
        reasons,
        retryable: only.retryable,
        means: 'The consent is over; the reason says why.',
        advice: 'Stop: only a new sign-in helps.',
      },
    ];
  },
);

/** Every word and number that may follow `/errors/`. */
export const ERROR_CODE_PAGES: ReadonlyMap<string, ErrorCodePage> = new Map(
  [...byName, ...byNumber, ...standard].map((entry) => [entry.code, entry]),
);
