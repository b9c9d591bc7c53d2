/** What came over the wire as a text, whatever it is: the bridge that is tested may send anything, and a page draws no objects. */
export function textOf(value: unknown, lengthMax: number = Number.POSITIVE_INFINITY): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : typeof value === 'object' ? jsonOf(value) : String(value);
  return text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text;
}

/** JSON that is nested more deeply is for no eye: its indentation alone would be longer than what it holds, and whatever walks through it calls itself. */
export const DEPTH_MAX = 64;

const jsonOf = (value: object) =>
  isDeeper(value, DEPTH_MAX) ? `(nested more than ${DEPTH_MAX} deep)` : JSON.stringify(value);

export function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((each) => isDeeper(each, depth - 1));
}
