import { oneLine } from './plain.js';

/** Reasons with which a consent is over, and who ended it, in words for the person it was. */
const ENDS: Readonly<Record<string, string>> = {
  revoked_by_person: 'You ended Tunebox’s access to your messages.',
  revoked_by_operator: 'The people who run your messages ended Tunebox’s access to them.',
  signed_out: 'You are signed out.',
  partner_suspended: 'The people who run your messages have suspended Tunebox.',
  partner_ended: 'Your messages can no longer be used in Tunebox.',
  expired: 'The time that you allowed Tunebox is over.',
  token_replayed: 'Somebody else may have used this sign-in, so it was ended.',
};

/** Another Tunebox on the same files. What this one shows goes; what was kept is of whoever wrote it. */
const PERSON_CHANGED = 'Somebody else has signed in, in another Tunebox.';

/** Why it is over, and whether that was the consent: then everything has to be forgotten. */
export function endOf(reason: string): { readonly text: string; readonly isConsent: boolean } {
  if (reason === 'person_changed') return { text: PERSON_CHANGED, isConsent: false };
  const text = Object.hasOwn(ENDS, reason) ? ENDS[reason] : undefined;
  return text === undefined
    ? { text: `Tunebox cannot go on: ${oneLine(reason.replaceAll('_', ' '))}.`, isConsent: false }
    : { text, isConsent: true };
}
