/** Which of so many lines are shown, so that one of them is among them, in the middle where that goes. */
export function windowAround(selected: number, count: number, height: number): { from: number; to: number } {
  const room = Math.max(1, height);
  const from = Math.max(0, Math.min(selected - Math.floor(room / 2), count - room));
  return { from, to: from + room };
}

/** The last message that is shown when somebody turns so many messages forth, or back; undefined: the newest, whatever comes. */
export function turned(positions: readonly number[], end: number | undefined, by: number): number | undefined {
  const at = end === undefined ? positions.length - 1 : positions.findLastIndex((position) => position <= end);
  return at + by >= positions.length - 1 ? undefined : positions[Math.max(0, at + by)];
}
