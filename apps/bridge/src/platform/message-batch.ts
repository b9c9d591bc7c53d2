import { type MessageView, type Messaging, MessagingError, Series } from '@drawbridge/messaging';
import type { Person } from '@drawbridge/people';
import { checkData, ERROR_CODES, type Issue } from '@drawbridge/protocol';
import { onBehalfOf } from './on-behalf.js';
import type { PlatformParts } from './platform-parts.js';
import { PlatformMessage } from './requests.js';

export type BatchResult =
  | { readonly message: MessageView; readonly duplicate: boolean }
  | { readonly error: { code: string; message: string; retryable: boolean; issues?: readonly Issue[] } };

/** Direct conversations that are made at once. */
const MADE_AT_ONCE = 8;

/**
 * Messages that people wrote in the platform's own apps, stored in the order of the list. One result for each, in order;
 * one that fails harms no other, but that none overtakes one of its conversation that could not be stored for now. The same
 * clientId from the same person again gives the first result (I5).
 */
export async function sendBatch(
  { people, messaging }: Pick<PlatformParts, 'people' | 'messaging'>,
  given: readonly unknown[],
): Promise<BatchResult[]> {
  const asked = given.map((each) => checkData(PlatformMessage, each));
  const named = asked.flatMap((each) => (Array.isArray(each) ? [] : [each.from, each.to ?? each.from]));
  const known = await people.byIds([...new Set(named)]);
  const direct = new DirectConversations(messaging);
  for (const each of asked) {
    if (Array.isArray(each) || each.to === undefined) continue;
    const [from, to] = [known.get(each.from), known.get(each.to)];
    if (from && to) direct.add(from, to, each.sentAt);
  }
  await direct.find();
  const series = new Map<string, Series>();
  // Begun without a pause in between: what goes to one conversation is stored in this order.
  const sending = asked.map(async (each): Promise<BatchResult> => {
    if (Array.isArray(each)) return refused('invalid_data', 'Something in this message is wrong.', each);
    const from = known.get(each.from);
    if (!from) return refused('not_found', `There is no person ${each.from}.`);
    const { to, text, clientId, replyTo, sentAt } = each;
    if (to !== undefined && !known.has(to)) return refused('not_found', `There is no person ${to}.`);
    const conversation = to === undefined ? each.conversation! : direct.of(from, known.get(to)!);
    if (conversation instanceof MessagingError) return failed(conversation);
    const ofConversation = series.get(conversation) ?? new Series();
    series.set(conversation, ofConversation);
    try {
      const written = sentAt === undefined ? {} : { sentAt: new Date(sentAt) };
      const message = { conversation, text, clientId, replyTo, ...written };
      const sent = await messaging.send(onBehalfOf(from), message, ofConversation);
      return { message: sent.message, duplicate: sent.duplicate };
    } catch (error) {
      if (error instanceof MessagingError) return failed(error);
      throw error;
    }
  });
  return Promise.all(sending);
}

/** The direct conversation of each pair of people, looked for once, and made where there is none. */
class DirectConversations {
  private readonly found = new Map<string, string | MessagingError>();
  private readonly wanted = new Map<string, Wanted>();

  constructor(private readonly messaging: Pick<Messaging, 'openDirect' | 'whole'>) {}

  /** `since`: when the message was written that it is made for, if not now. */
  add(from: Person, to: Person, since: string | undefined): void {
    const pair = pairOf(from, to);
    if (!this.wanted.has(pair)) this.wanted.set(pair, { from, to, since });
  }

  async find(): Promise<void> {
    const wanted = [...this.wanted];
    const known = await this.messaging.whole.directs(wanted.map(([, { from, to }]) => keysOf(from, to)));
    const missing: (typeof wanted)[number][] = [];
    for (const [index, each] of wanted.entries()) {
      const id = known[index];
      if (id === undefined) missing.push(each);
      else this.found.set(each[0], id);
    }
    const queue = missing.values();
    const work = async () => {
      for (const [pair, each] of queue) this.found.set(pair, await this.make(each));
    };
    await Promise.all(Array.from({ length: MADE_AT_ONCE }, work));
  }

  of(from: Person, to: Person): string | MessagingError {
    return this.found.get(pairOf(from, to))!;
  }

  private async make({ from, to, since }: Wanted): Promise<string | MessagingError> {
    try {
      return await this.messaging.openDirect(
        onBehalfOf(from),
        to.id,
        since === undefined ? undefined : new Date(since),
      );
    } catch (error) {
      if (error instanceof MessagingError) return error;
      throw error;
    }
  }
}

interface Wanted {
  readonly from: Person;
  readonly to: Person;
  readonly since: string | undefined;
}

function keysOf({ key: one }: Person, { key: other }: Person): [low: number, high: number] {
  return one < other ? [one, other] : [other, one];
}

/** Both ways: it is the same conversation. */
function pairOf(from: Person, to: Person): string {
  return keysOf(from, to).join(' ');
}

function failed(error: MessagingError): BatchResult {
  return refused(error.code, error.message, error.issues);
}

function refused(code: MessagingError['code'], message: string, issues?: readonly Issue[]): BatchResult {
  return { error: { code, message, retryable: ERROR_CODES[code].retryable, ...(issues ? { issues } : {}) } };
}
