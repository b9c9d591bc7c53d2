import { padTo, shown, widthOf } from './width.ts';

const GAP = '  ';

export type Paint = (style: 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan', text: string) => string;

export interface Cell {
  readonly text: string;
  /** What stands for it where the whole would not fit: of an id the beginning, of a time the day. */
  readonly short?: string;
  /** How it is coloured, once it is as wide as its column. */
  readonly style?: Parameters<Paint>[0] | undefined;
}

export interface TableOptions {
  /** Of the terminal; Infinity where there is none, so that a script reads the same whatever the terminal. */
  readonly width: number;
  readonly paint: Paint;
}

/**
 * Aligned columns under their titles. Where they do not fit the terminal they are shortened, where they can be; and where
 * that does not fit either, each row becomes a block of its own with a line for each column. Nothing is cut off.
 */
export function table(
  titles: readonly string[],
  rows: readonly (readonly (string | Cell)[])[],
  options: TableOptions,
): string {
  const cells = rows.map((row) => row.map((cell) => clean(typeof cell === 'string' ? { text: cell } : cell)));
  const short = cells.map((row) => row.map((cell) => ({ ...cell, text: cell.short ?? cell.text })));
  const fitting = [cells, short].find((form) => widthsOf(titles, form).whole <= options.width);
  if (!fitting) return cells.map((row) => block(titles, row, options)).join('\n\n');
  const { widths } = widthsOf(titles, fitting);
  const line = (row: readonly Cell[]) =>
    row
      .map(({ text, style }, column) => {
        const padded = column === row.length - 1 ? text : padTo(text, widths[column]!);
        return style ? options.paint(style, padded) : padded;
      })
      .join(GAP)
      .trimEnd();
  return [line(titles.map((text) => ({ text, style: 'bold' }))), ...fitting.map(line)].join('\n');
}

function widthsOf(titles: readonly string[], cells: readonly (readonly Cell[])[]): { widths: number[]; whole: number } {
  const widths = titles.map((title, column) =>
    Math.max(widthOf(title), ...cells.map((row) => widthOf(row[column]?.text ?? ''))),
  );
  return { widths, whole: widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length) };
}

/** One thing, a line for each of what is known of it. */
export function block(titles: readonly string[], row: readonly (string | Cell)[], options: TableOptions): string {
  const widest = Math.max(...titles.map(widthOf));
  return titles
    .map((title, column) => {
      const value = row[column];
      const { text, style } = clean(typeof value === 'object' ? value : { text: value ?? '' });
      const name = options.paint('bold', padTo(title, widest));
      const lines = wrap(text, options.width - widest - GAP.length);
      return lines
        .map((part, index) => {
          const painted = style ? options.paint(style, part) : part;
          return (index === 0 ? name : ' '.repeat(widest)) + GAP + painted;
        })
        .join('\n')
        .trimEnd();
    })
    .join('\n');
}

/** Broken between words; a word that is longer than a line stays whole, so that it can be copied. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function clean(cell: Cell): Cell {
  return { ...cell, text: shown(cell.text) };
}
