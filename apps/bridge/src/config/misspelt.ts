/** Names up to this length are close to too many unrelated words for two mistakes. */
const SHORT_NAME = 6;

/** The setting that `name` was probably meant to be, if any; never for a name that is a setting. */
export function meantSetting(name: string, settings: readonly string[]): string | undefined {
  if (settings.includes(name)) return undefined;
  const bare = plain(name.replace(/^DRAWBRIDGE_(?!TEST)/i, ''));
  const same = settings.find((setting) => plain(setting) === bare);
  if (same !== undefined) return same;
  if (name !== name.toUpperCase()) return undefined;
  return settings.find((setting) => {
    const short = setting.length <= SHORT_NAME;
    // In a short name the first letter is seldom the wrong one: SORT and MEMO are other words.
    if (short && setting[0] !== name[0]) return false;
    return editDistance(name, setting) <= (short ? 1 : 2);
  });
}

function plain(name: string): string {
  return name.toUpperCase().replace(/[_-]/g, '');
}

/** Insertions, deletions, substitutions, and two neighbours exchanged, each counted as one. */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const changed = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const exchanged =
        a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(changed, at(i - 1, j) + 1, at(i, j - 1) + 1, exchanged));
    }
  }
  return at(a.length, b.length);
}
