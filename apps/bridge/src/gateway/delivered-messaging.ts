import type { Database } from '@drawbridge/database';
import { Messaging, type MessagingOptions } from '@drawbridge/messaging';
import { Logger } from '@nestjs/common';
import type { Delivery } from './delivery.js';
import { GroupReceipts } from './group-receipts.js';

export interface DeliveredMessagingOptions extends Pick<MessagingOptions, 'mayCommit' | 'onBatch' | 'creationsAtOnce'> {
  readonly database: Database;
  readonly delivery: Delivery;
  /** Of the log. */
  readonly part: string;
}

/** Messaging whose events go to the connections here and on the other gateways. */
export function deliveredMessaging({ delivery, part, ...options }: DeliveredMessagingOptions): Messaging {
  const log = new Logger(part);
  const receipts = new GroupReceipts(
    delivery,
    (reader, conversation) => messaging.audience(reader, conversation),
    (error) => log.warn({ err: error }, 'The people of a group could not be told who has read'),
  );
  const messaging = new Messaging({
    ...options,
    onCommitted: (events) => delivery.committed(events),
    onOutcomeUnknown: () => delivery.doubt(),
    onReceipt: (reader, conversation, data) => receipts.read(reader, conversation, data),
    log: {
      warn: (details, message) => log.warn(details, message),
      error: (details, message) => log.error(details, message),
    },
  });
  return messaging;
}
