import type { Express, Request } from 'express';
import express from 'express';
import { Webhook } from 'standardwebhooks';
import type { Chat } from './chat.js';
import { type Settings, WEBHOOK_PATH } from './settings.js';

const BODY_BYTES = 1_048_576;

/**
 * Where the bridge tells of what partners' apps do: the signature is checked, which is of the body as it came and no older
 * than five minutes; the event is written down, once for each `webhook-id`; and it is answered. All else happens later.
 */
export function receiveWebhooks(app: Express, chat: Chat, { bridge }: Settings): void {
  const webhook = new Webhook(bridge.webhookSecret);
  const body = express.raw({ type: () => true, limit: BODY_BYTES });
  app.post(WEBHOOK_PATH, body, async (request: Request, response) => {
    const text = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
    try {
      webhook.verify(text, request.headers as Record<string, string>);
    } catch {
      response.status(401).end();
      return;
    }
    const id = String(request.headers['webhook-id']);
    await chat.db
      .insertInto('webhook')
      .values({ id, body: text, applied_at: null })
      .onConflict((same) => same.column('id').doNothing())
      .execute();
    response.status(204).end();
    chat.emit('webhook');
  });
}
