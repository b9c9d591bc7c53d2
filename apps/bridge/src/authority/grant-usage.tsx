import type { GrantView } from '@drawbridge/consent';
import { recently } from './times.js';
import type { Usage } from './usages.js';

/** What the app has read this week, in a sentence, and whether it is connected. */
export function GrantUsage({ grant, usage }: { grant: Pick<GrantView, 'appName' | 'scopes'>; usage: Usage }) {
  return <p class="usage">{usageSentences(grant, usage, new Date())}</p>;
}

export function usageSentences({ appName, scopes }: Pick<GrantView, 'appName' | 'scopes'>, usage: Usage, now: Date) {
  const reads = scopes.includes('messages.read');
  const sentences: string[] = [];
  if (usage.messages > 0) {
    const last = usage.last ? `, last ${recently(usage.last, now)}` : '';
    sentences.push(`${appName} read ${amountOf(usage)} this week${last}.`);
    if (!reads) sentences.push('It can no longer read messages.');
  } else if (reads) sentences.push(`${appName} has not read anything this week.`);
  else sentences.push(`${appName} cannot read messages.`);
  if (usage.connected) sentences.push('It is connected now.');
  return sentences.join(' ');
}

function amountOf({ messages, conversations, more, atMost }: Usage): string {
  const amount = `${counted(messages, 'message')} in ${counted(conversations, 'conversation')}`;
  if (more) return `more than ${amount}`;
  return atMost ? `up to ${amount}` : amount;
}

const NUMBER = new Intl.NumberFormat('en-GB');

function counted(count: number, what: string): string {
  return `${NUMBER.format(count)} ${what}${count === 1 ? '' : 's'}`;
}
