import type { GrantView } from '@drawbridge/consent';
import { Time } from '../pages/time.js';
import { useTexts } from '../pages/use-texts.js';
import type { Texts } from '../texts/en.js';
import type { Rich } from '../texts/rich.js';
import type { Usage } from './usages.js';

/** What the app has read this week, in a sentence, and whether it is connected. */
export function GrantUsage({ grant, usage }: { grant: Pick<GrantView, 'appName' | 'scopes'>; usage: Usage }) {
  return <p class="usage">{usageSentences(useTexts(), grant, usage, new Date())}</p>;
}

export function usageSentences(
  { usage: texts }: Texts,
  { appName: app, scopes }: Pick<GrantView, 'appName' | 'scopes'>,
  usage: Usage,
  now: Date,
): Rich {
  const reads = scopes.includes('messages.read');
  const sentences: Rich[] = [];
  if (usage.messages > 0) {
    const { messages, conversations, more, atMost } = usage;
    const bound = more ? 'more' : atMost ? 'at_most' : 'exactly';
    const last = usage.last ? <Time at={usage.last} as="recently" now={now} /> : undefined;
    sentences.push(texts.read({ app, amount: texts.amount({ messages, conversations, bound }), last }));
    if (!reads) sentences.push(texts.noLonger);
  } else sentences.push(reads ? texts.readNothing(app) : texts.cannotRead(app));
  if (usage.connected) sentences.push(texts.connected);
  return sentences.map((sentence, index) => [index > 0 && ' ', sentence]);
}
