import { CODE_PAGES, STANDARD_CLOSES } from '@drawbridge/protocol';
import { en, type Texts } from '../texts/en.js';

/** What the page of one code says, in the languages' catalogues aside. */
export interface ErrorCodePage {
  readonly code: string;
  readonly retryable: boolean;
  /** The number a connection is closed with for this reason. */
  readonly closeCode?: number;
  /** The reasons behind a number. */
  readonly reasons?: readonly string[];
}

const standard: ErrorCodePage[] = Object.entries(STANDARD_CLOSES).map(([code, { retryable }]) => ({
  code,
  closeCode: Number(code),
  retryable,
}));

const byName: ErrorCodePage[] = Object.entries(CODE_PAGES).map(([code, { retryable, closeCode }]) => ({
  code,
  retryable,
  ...(closeCode === undefined ? {} : { closeCode }),
}));

/** A number stands for all the reasons a connection may be closed with under it. */
const byNumber: ErrorCodePage[] = [...Map.groupBy(byName, ({ closeCode }) => closeCode)].flatMap(
  ([closeCode, pages]) => {
    const [first] = pages;
    if (closeCode === undefined || first === undefined) return [];
    const reasons = pages.map(({ code }) => code);
    return [{ code: String(closeCode), closeCode, reasons, retryable: first.retryable }];
  },
);

/** Every word and number that may follow `/errors/`. */
export const ERROR_CODE_PAGES: ReadonlyMap<string, ErrorCodePage> = new Map(
  [...byName, ...byNumber, ...standard].map((entry) => [entry.code, entry]),
);

type CodeTexts = Texts['errors']['codes'];

/** What a code means, and what to do. A number of one reason only says what the reason says. */
export function wordsOf(codes: CodeTexts, code: string): CodeTexts[keyof CodeTexts] {
  if (code in codes) return codes[code as unknown as keyof CodeTexts];
  const [reason] = ERROR_CODE_PAGES.get(code)?.reasons ?? [];
  return codes[reason as keyof CodeTexts];
}

/** For programs: all of it in one object, in English. */
export function errorCodeJson(page: ErrorCodePage): ErrorCodePage & { means: string; advice: string } {
  return { ...page, ...wordsOf(en.errors.codes, page.code) };
}
