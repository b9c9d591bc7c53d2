import { type MessageView, MessagingError } from '@drawbridge/messaging';
import type { Person } from '@drawbridge/people';
import { checkData, ERROR_CODES, type Issue } from '@drawbridge/protocol';
import { onBehalfOf } from './on-behalf.js';
import type { PlatformParts } from './platform-parts.js';
import { PlatformMessage } from './requests.js';

export type BatchResult =
  | { readonly message: MessageView; readonly duplicate: boolean }
  | { readonly error: { code: string; message: string; retryable: boolean; issues?: readonly Issue[] } };

/** Direct conversations that are looked for, or made, at once. */
const FOUND_AT_ONCE = 8;

/**
 * Messages that people wrote in the platform's own apps, stored in the order of the list. One result for each, in order;
 * one that fails harms no other. The same clientId from the same person again gives the first result (I5).
 */
export async function sendBatch(
  { people, messaging }: Pick<PlatformParts, 'people' | 'messaging'>,
  given: readonly unknown[],
): Promise<BatchResult[]> {
  const asked = given.map((each) => checkData(PlatformMessage, each));
  const named = asked.flatMap((each) => (Array.isArray(each) ? [] : [each.from, each.to ?? each.from]));
  const known = await people.byIds([...new Set(named)]);
  const direct = new DirectConversations((from, to, since) => messaging.openDirect(onBehalfOf(from), to, since));
  for (const each of asked) {
    const from = Array.isArray(each) ? undefined : known.get(each.from);
    if (from && !Array.isArray(each) && each.to !== undefined && known.has(each.to))
      direct.add(from, each.to, each.sentAt);
  }
  await direct.find();
  // Begun without a pause in between: what goes to one conversation is stored in this order.
  const sending = asked.map(async (each): Promise<BatchResult> => {
    if (Array.isArray(each)) return refused('invalid_data', 'Something in this message is wrong.', each);
    const from = known.get(each.from);
    if (!from) return refused('not_found', `There is no person ${each.from}.`);
    const { to, text, clientId, replyTo, sentAt } = each;
    if (to !== undefined && !known.has(to)) return refused('not_found', `There is no person ${to}.`);
    const conversation = to === undefined ? each.conversation : direct.of(from, to);
    if (conversation instanceof MessagingError) return failed(conversation);
    try {
      const sent = await messaging.send(onBehalfOf(from), {
        conversation,
        text,
        clientId,
        replyTo,
        ...(sentAt === undefined ? {} : { sentAt: new Date(sentAt) }),
      });
      return { message: sent.message, duplicate: sent.duplicate };
    } catch (error) {
      if (error instanceof MessagingError) return failed(error);
      throw error;
    }
  });
  return Promise.all(sending);
}

/** The direct conversation of each pair of people, looked for once. */
class DirectConversations {
  private readonly found = new Map<string, string | MessagingError>();
  private readonly wanted = new Map<string, { from: Person; to: string; since: string | undefined }>();

  constructor(private readonly open: (from: Person, to: string, since: Date | undefined) => Promise<string>) {}

  /** `since`: when the message was written that it is made for, if not now. */
  add(from: Person, to: string, since: string | undefined): void {
    const pair = pairOf(from, to);
    if (!this.wanted.has(pair)) this.wanted.set(pair, { from, to, since });
  }

  async find(): Promise<void> {
    const queue = [...this.wanted].values();
    const work = async () => {
      for (const [pair, { from, to, since }] of queue) this.found.set(pair, await this.one(from, to, since));
    };
    await Promise.all(Array.from({ length: FOUND_AT_ONCE }, work));
  }

  of(from: Person, to: string): string | MessagingError {
    return this.found.get(pairOf(from, to))!;
  }

  private async one(from: Person, to: string, since: string | undefined): Promise<string | MessagingError> {
    try {
      return await this.open(from, to, since === undefined ? undefined : new Date(since));
    } catch (error) {
      if (error instanceof MessagingError) return error;
      throw error;
    }
  }
}

/** Both ways: it is the same conversation. */
function pairOf({ id }: Person, other: string): string {
  return id < other ? `${id} ${other}` : `${other} ${id}`;
}

function failed(error: MessagingError): BatchResult {
  return refused(error.code, error.message, error.issues);
}

function refused(code: MessagingError['code'], message: string, issues?: readonly Issue[]): BatchResult {
  return { error: { code, message, retryable: ERROR_CODES[code].retryable, ...(issues ? { issues } : {}) } };
}
