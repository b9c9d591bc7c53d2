import { count, duration, instant, listed, moment } from './text/times.ts';
import type { Preview, Receipt } from './wire.ts';

/** In effect since 2026-11-25 15:04:05.161 UTC (38 ms after it was asked for), confirmed by gw-1 and gw-2 (lease expired); 12 connections closed. */
export function receiptText({ requestedAt, effectiveAt, gateways, connectionsClosed, scopes }: Receipt): string {
  const took = duration(Date.parse(effectiveAt) - Date.parse(requestedAt));
  const names = gateways.map(({ id, confirmed }) => (confirmed === 'ack' ? id : `${id} (lease expired)`));
  const by = names.length === 0 ? 'with no gateway running' : `confirmed by ${listed(names)}`;
  // A narrowing closes none.
  const closed = scopes ? '' : `; ${count(connectionsClosed, 'connection')} closed`;
  return `In effect since ${instant(effectiveAt)} (${took} after it was asked for), ${by}${closed}.`;
}

/** ` and ends 1,204 grants of 3 apps (1,100 people)`, to follow what else happens */
export function concernedText(verb: string, { grants, apps, people }: Preview): string {
  if (grants === 0) return '; no grants are concerned';
  const whose = `${count(apps, 'app')} (${count(people, 'person', 'people')})`;
  return ` and ${verb} ${count(grants, 'grant')} of ${whose}`;
}

type Taken = Receipt | { readonly endsAt: string | null };

/** Ended Tunebox: 1,204 grants. In effect since …; or when it is going to end. */
export function takenText(done: string, name: string, answer: Taken): string {
  if (!('effectiveAt' in answer)) return `${name} ends on ${moment(answer.endsAt)}.`;
  const grants = answer.grants === undefined ? '' : `: ${count(answer.grants, 'grant')}`;
  return `${done} ${name}${grants}. ${receiptText(answer)}`;
}
