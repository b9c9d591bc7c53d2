/** Of a name that its owner chose, what is shown to persons; the wire allows as much. */
const MAX_CODE_POINTS = 100;

/** Control characters, and those that turn the direction of the text around them. */
const UNFIT = /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** One line, with nothing in it that could disturb the page it is shown on. Undefined when nothing is left to see. */
export function shownName(name: string): string | undefined {
  const line = name.replace(UNFIT, ' ').replace(/\s+/g, ' ').trim();
  if (!VISIBLE.test(line)) return undefined;
  return [...line].slice(0, MAX_CODE_POINTS).join('');
}
