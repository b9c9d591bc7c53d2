/** What a grant may allow (docs/protocol.md). Named here once more, so that the command needs nothing but itself. */
export const SCOPES = [
  'messages.read',
  'messages.send',
  'contacts.read',
  'presence.read',
  'profile',
  'recommendations.send',
  'public.read',
] as const;

export function splitScopes(text: string): string[] {
  return text.split(/[\s,]+/).filter((scope) => scope !== '');
}

/** What `--scopes` would take away. */
export function lostScopes(before: readonly string[], after: string | undefined): string[] {
  const kept = after === undefined ? before : splitScopes(after);
  return before.filter((scope) => !kept.includes(scope));
}
