/** Which of so many lines are shown, so that one of them is among them, in the middle where that goes. */
export function windowAround(selected: number, count: number, height: number): { from: number; to: number } {
  const room = Math.max(1, height);
  const from = Math.max(0, Math.min(selected - Math.floor(room / 2), count - room));
  return { from, to: from + room };
}
