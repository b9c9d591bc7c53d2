import { type Route, route } from '../api/route.js';
import { sendBatch } from './message-batch.js';
import { onBehalfOf, personOf } from './on-behalf.js';
import type { PlatformLimits } from './platform-limits.js';
import type { PlatformParts } from './platform-parts.js';
import { MessageText, NewMessages, PersonsReaction } from './requests.js';

/** What people write, change and react to in the platform's own apps. */
export function messageRoutes(parts: PlatformParts, limits: PlatformLimits): Route[] {
  const { messaging } = parts;
  const author = async (message: string) => onBehalfOf(await messaging.whole.authorOf(message));
  const change: typeof messaging.change = (sender, asked) => {
    limits.write(1);
    return messaging.change(sender, asked);
  };

  return [
    route('POST', '/messages', { body: NewMessages }, async ({ body }) => {
      limits.write(body.messages.length);
      return { body: { results: await sendBatch(parts, body.messages) } };
    }),

    route('PATCH', '/messages/:message', { body: MessageText }, async ({ body, param }) => {
      const message = param('message');
      const changed = await change(await author(message), { kind: 'edit', message, text: body.text });
      return { body: { message: changed } };
    }),

    route('DELETE', '/messages/:message', {}, async ({ param }) => {
      const message = param('message');
      return { body: { message: await change(await author(message), { kind: 'delete', message }) } };
    }),

    route('POST', '/messages/:message/reactions', { body: PersonsReaction }, async ({ body, param }) => {
      const reactor = onBehalfOf(await personOf(parts, 'person', body.person));
      const asked = { kind: 'react', message: param('message'), emoji: body.emoji } as const;
      return { body: { message: await change(reactor, asked) } };
    }),

    route('DELETE', '/messages/:message/reactions', { body: PersonsReaction }, async ({ body, param }) => {
      const reactor = onBehalfOf(await personOf(parts, 'person', body.person));
      const asked = { kind: 'unreact', message: param('message'), emoji: body.emoji } as const;
      return { body: { message: await change(reactor, asked) } };
    }),
  ];
}
