import { given, whole } from '../command-line.js';

export interface WebhooksOptions {
  readonly events: number;
  readonly conversations: number;
  readonly slowMs: number;
}

const EVENTS = 50_000;
const CONVERSATIONS = 500;

export const WEBHOOKS_HELP = `npm run bench:webhooks [-- options]: how fast events are told that waited while the platform's receiver was down

  --events N          that wait             (${EVENTS})
  --conversations N   that they are of      (${CONVERSATIONS})
  --slow-ms N         before each answer    (0)
  --help

Exit code 0 when each was told, in the order of its conversation.`;

/** Undefined where help is asked for. OptionsError, with what is wrong, where it cannot be done. */
export function readWebhooksOptions(args: readonly string[]): WebhooksOptions | undefined {
  const options = given(args, ['events', 'conversations', 'slow-ms']);
  if (options.help) return undefined;
  return {
    events: whole('events', options.events, { from: 1, to: 10_000_000, otherwise: EVENTS }),
    conversations: whole('conversations', options.conversations, { from: 1, to: 10_000, otherwise: CONVERSATIONS }),
    slowMs: whole('slow-ms', options['slow-ms'], { from: 0, to: 9_000, otherwise: 0 }),
  };
}
