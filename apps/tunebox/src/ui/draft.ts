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
      const first = [...segmenter.segment(after)][0]?.segment ?? '';
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

function lastOf(text: string): string {
  return [...segmenter.segment(text)].at(-1)?.segment ?? '';
}
