import type { ConversationView } from '@drawbridge/messaging';
import { type Route, route } from '../api/route.js';
import { Page, pageSize } from '../api/shapes.js';
import { onBehalfOf, personOf } from './on-behalf.js';
import type { PlatformLimits } from './platform-limits.js';
import type { PlatformParts } from './platform-parts.js';
import { GroupChange, MessagesAfter, NewConversation, PersonsRead } from './requests.js';

/** Groups that the platform's own apps make, what was read in them, and catching up. */
export function conversationRoutes(parts: PlatformParts, limits: PlatformLimits): Route[] {
  const { messaging } = parts;

  return [
    route('GET', '/conversations', { query: Page }, async ({ query }) => ({
      body: await messaging.whole.list({ cursor: query.cursor, limit: pageSize(query) }),
    })),

    route('POST', '/conversations', { body: NewConversation }, async ({ body }) => {
      limits.write(1);
      const { from, members, title, clientId, createdAt } = body;
      const since = createdAt === undefined ? undefined : new Date(createdAt);
      const creator = onBehalfOf(await personOf(parts, 'from', from));
      const { conversation, duplicate } = await messaging.createConversation(creator, {
        members,
        title,
        clientId,
        since,
      });
      return { status: duplicate ? 200 : 201, body: { conversation: impersonal(conversation), duplicate } };
    }),

    route('GET', '/conversations/:conversation', {}, async ({ param }) => ({
      body: { conversation: await messaging.whole.get(param('conversation')) },
    })),

    route('PATCH', '/conversations/:conversation', { body: GroupChange }, async ({ body, param }) => {
      limits.write(1);
      const { from, ...change } = body;
      const changer = onBehalfOf(await personOf(parts, 'from', from));
      await messaging.updateGroup(changer, { conversation: param('conversation'), ...change });
      return { body: { conversation: await messaging.whole.get(param('conversation')) } };
    }),

    route('POST', '/conversations/:conversation/read', { body: PersonsRead }, async ({ body, param }) => {
      await messaging.markRead(
        onBehalfOf(await personOf(parts, 'person', body.person)),
        param('conversation'),
        body.upTo,
      );
      return { body: {} };
    }),

    route('GET', '/conversations/:conversation/messages', { query: MessagesAfter }, async ({ query, param }) => ({
      body: await messaging.whole.messages(param('conversation'), {
        after: Number(query.after ?? 0),
        limit: pageSize(query),
      }),
    })),
  ];
}

/** Without what concerns its creator alone. */
function impersonal({ lastMessage, unread, readUpTo, receipts, ...shared }: ConversationView): ConversationView {
  return shared;
}
