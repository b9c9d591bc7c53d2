import type { ConsentSession } from '@drawbridge/consent';
import type { AccessPages, ShownRun } from '@drawbridge/ledger';
import type { ConversationView, MessageView } from '@drawbridge/messaging';
import { Logger } from '@nestjs/common';
import { CommandError } from './command-error.js';

type Shown = Pick<MessageView, 'conversation' | 'position'>;

const log = new Logger('Record');

/** I8: puts what a reply is about to show on the record. `unavailable`, and so nothing shown, where that cannot be done. */
export async function recordShown(
  pages: Pick<AccessPages, 'record'>,
  consent: Pick<ConsentSession, 'grant' | 'person'>,
  { command, messages }: { command: string; messages: readonly Shown[] },
): Promise<void> {
  if (messages.length === 0) return;
  const { grant, person } = consent;
  try {
    await pages.record({ grant, person: person.key, command, shown: runsOf(messages) });
  } catch (error) {
    log.warn({ grant, command, err: error }, 'A page could not be put on the record, and is not shown');
    throw new CommandError('unavailable');
  }
}

/** The last messages that views of conversations show. */
export function lastMessages(conversations: readonly ConversationView[]): MessageView[] {
  return conversations.flatMap(({ lastMessage }) => lastMessage ?? []);
}

/** Neighbours make one run. Messages come newest first, and what somebody may not see is missing between them. */
export function runsOf(messages: readonly Shown[]): ShownRun[] {
  const runs: { conversation: string; from: number; to: number }[] = [];
  for (const { conversation, position } of messages) {
    const last = runs.at(-1);
    if (last?.conversation === conversation && last.from === position + 1) last.from = position;
    else runs.push({ conversation, from: position, to: position });
  }
  return runs;
}
