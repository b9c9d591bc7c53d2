/** What is being written, on both sides of the cursor. */
export interface Draft {
  readonly before: string;
  readonly after: string;
}

export const EMPTY: Draft = { before: '', after: '' };

export type Edit = { do: 'insert'; text: string } | { do: 'left' | 'right' | 'home' | 'end' | 'backspace' | 'clear' };

const segmenter = new Intl.Segmenter();

/** Pure. The cursor goes by what people see as one character. */
export function edited({ before, after }: Draft, edit: Edit): Draft {
  switch (edit.do) {
    case 'insert':
      return { before: before + edit.text, after };
    case 'left': {
      const last = lastOf(before);
      return { before: before.slice(0, before.length - last.length), after: last + after };
    }
    case 'right': {
      const first = firstOf(after);
      return { before: before + first, after: after.slice(first.length) };
    }
    case 'home':
      return { before: '', after: before + after };
    case 'end':
      return { before: before + after, after: '' };
    case 'backspace':
      return { before: before.slice(0, before.length - lastOf(before).length), after };
    case 'clear':
      return EMPTY;
  }
}

/** What is under the cursor. */
export function firstOf(text: string): string {
  return [...segmenter.segment(text)][0]?.segment ?? '';
}

/** The end of a text, in what people see as characters. */
export function lastLetters(text: string, count: number): string {
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
    .slice(-count)
    .join('');
}

function lastOf(text: string): string {
  return lastLetters(text, 1);
}
