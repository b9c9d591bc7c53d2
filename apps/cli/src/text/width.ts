const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** East Asian wide and fullwidth letters, and what is shown as an emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\ufe0f|\p{Emoji_Presentation}/u;
const UNSEEN = /^[\p{Mark}\p{Default_Ignorable_Code_Point}]+$/u;
/** Controls, and what turns the direction of writing: a name must not move the cursor or disguise another name. */
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** How many columns of a terminal `text` takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(text)) width += UNSEEN.test(segment) ? 0 : WIDE.test(segment) ? 2 : 1;
  return width;
}

export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** What others wrote, so that a terminal shows it and does nothing else: each unsafe character becomes `�`. */
export function shown(text: string): string {
  return text.replace(UNSAFE, '\ufffd');
}
