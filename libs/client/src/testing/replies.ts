import type { Message, Person, Scope, Session } from '@drawbridge/protocol';
import type { TestConversation } from './world.js';

/** One person's consent to the app under test. */
export interface Consent {
  readonly person: string;
  readonly grant: string;
  scopes: Scope[];
  /** The close reason, once it is over. */
  ended?: string;
}

const GRANT_LIVES_S = 90 * 86_400;
const TOKEN_LIVES_S = 300;

/** The reply to `session.open`. */
export function sessionOf(
  { person: id, grant, scopes }: Consent,
  person: Person,
  mailbox?: Session['mailbox'],
): Session {
  return {
    nonce: crypto.randomUUID(),
    person: scopes.includes('profile') ? person : { id },
    app: { id: 'app-under-test', name: 'App under test', partner: 'Test partner' },
    grant: { id: grant, scopes: [...scopes], expiresAt: inSeconds(GRANT_LIVES_S) },
    tokenExpiresAt: inSeconds(TOKEN_LIVES_S),
    ...(mailbox ? { mailbox } : {}),
    limits: { maxFrameBytes: 65_536, maxTextCodePoints: 4_000, maxMembers: 250, maxConnections: 4 },
  };
}

/** How a connection is closed whose opening was refused with this code. */
export function refusedOpening(code: string, isRetryable: boolean, consent?: Consent): [code: number, reason: string] {
  if (code === 'consent_ended') return [4403, consent?.ended ?? 'expired'];
  return isRetryable ? [4500, 'internal'] : [4401, 'unauthenticated'];
}

/** All that is told without `messages.read`. */
export function bare(reply: object): object {
  const { message, conversation, ...rest } = reply as { message?: Message; conversation?: TestConversation };
  return {
    ...rest,
    ...(message ? { message: { id: message.id, conversation: message.conversation, sentAt: message.sentAt } } : {}),
    ...(conversation ? { conversation: { id: conversation.id, kind: conversation.kind } } : {}),
    seq: undefined,
  };
}

function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1_000).toISOString();
}
