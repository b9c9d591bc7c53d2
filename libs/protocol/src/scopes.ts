/** What a grant may allow, in the order in which a person reads it on the consent page. */
export const SCOPES = [
  'messages.read',
  'messages.send',
  'contacts.read',
  'presence.read',
  'profile',
  'recommendations.send',
  'public.read',
] as const;

export type Scope = (typeof SCOPES)[number];

/** `profile` belongs to OpenID Connect; a grant without any of the others is not made. */
export const BRIDGE_SCOPES: readonly Scope[] = SCOPES.filter((scope) => scope !== 'profile');

/** The sentence on the consent page. */
export const SCOPE_SENTENCES: Readonly<Record<Scope, string>> = {
  'messages.read': 'Read your conversations and receive new messages',
  'messages.send': 'Send messages as you',
  'contacts.read': 'See who your contacts are',
  'presence.read': 'See which of your contacts are online',
  profile: 'See your name',
  'recommendations.send': 'Recommend titles to your contacts in a message from you',
  'public.read': 'See what your contacts share publicly',
};

/** A set of scopes as bits, so that the guard compares numbers on every frame and allocates nothing (I1). */
export type ScopeSet = number;

const BIT = Object.fromEntries(SCOPES.map((scope, index) => [scope, 1 << index])) as Record<Scope, number>;

export function scopeBit(scope: Scope): ScopeSet {
  return BIT[scope];
}

export function isScope(word: string): word is Scope {
  return Object.hasOwn(BIT, word);
}

/** The bits of the known scopes in `words`; unknown words (such as `openid`) are passed over. */
export function scopeSet(words: Iterable<string>): ScopeSet {
  let set = 0;
  for (const word of words) if (isScope(word)) set |= BIT[word];
  return set;
}

export function scopesOf(set: ScopeSet): Scope[] {
  return SCOPES.filter((scope) => (set & BIT[scope]) !== 0);
}
