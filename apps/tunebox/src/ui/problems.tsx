/** @jsxImportSource react */
import { Text } from 'ink';
import type { ChatView } from '../chat/chat.js';
import { oneLine } from '../plain.js';

/** What waits for a connection, what could not be sent, and what else went wrong. */
export function Problems({ view: { waiting, problem, state } }: { view: ChatView }) {
  const failed = waiting.filter(({ status }) => status === 'failed');
  const queued = waiting.length - failed.length;
  return (
    <>
      {queued > 0 && state.name !== 'live' ? (
        <Text color="yellow" wrap="truncate">
          {queued} to be sent when you are online again
        </Text>
      ) : null}
      {failed.length > 0 ? (
        <Text color="red" wrap="truncate">
          {failed.length} not sent (Ctrl-R: again · Ctrl-X: give up): {oneLine(failed[0]?.error?.message ?? '')}
        </Text>
      ) : null}
      {problem ? (
        <Text color="red" wrap="truncate">
          {oneLine(problem)}
        </Text>
      ) : null}
    </>
  );
}
