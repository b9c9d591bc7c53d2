import type { ConversationView, MessageView, RecommendationResult, SendResult } from '@drawbridge/messaging';
import type { ScopeSet } from '@drawbridge/protocol';
import { READ } from './scope-bits.js';

/** Protocol section 3: without `messages.read` a reply shows nothing to read, whoever wrote it. */
export function sentMessage(result: SendResult, scopes: ScopeSet): object {
  const { message, seq, duplicate } = result;
  return scopes & READ ? { message, seq, duplicate } : { message: bareMessage(message), duplicate };
}

/** Whoever may not read learns no more than who may: the ids say nothing. */
export function recommended({ sent, duplicate }: RecommendationResult): object {
  return { sent, ...(duplicate ? { duplicate } : {}) };
}

export function changedMessage(message: MessageView, scopes: ScopeSet): object {
  return { message: scopes & READ ? message : bareMessage(message) };
}

export function createdConversation(
  { conversation, duplicate }: { conversation: ConversationView; duplicate: boolean },
  scopes: ScopeSet,
): object {
  const { id, kind } = conversation;
  return { conversation: scopes & READ ? conversation : { id, kind }, ...(duplicate ? { duplicate } : {}) };
}

export function updatedConversation({ receipts: _, ...conversation }: ConversationView, scopes: ScopeSet): object {
  const { id, kind } = conversation;
  return { conversation: scopes & READ ? conversation : { id, kind } };
}

function bareMessage({ id, conversation, sentAt }: MessageView): object {
  return { id, conversation, sentAt };
}
