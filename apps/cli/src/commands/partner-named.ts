import type { Context } from '../context.ts';
import { find } from '../find.ts';
import { type Http, path } from '../http.ts';
import type { Partner } from '../wire.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** The largest page that the bridge gives. */
const PAGE = 500;

/** The partner that was named; `changes` where something is about to be done to it. */
export async function partnerNamed(context: Context, reference: string, changes = false): Promise<Partner> {
  if (UUID.test(reference)) return await context.http.get<Partner>(path`/partners/${reference}`);
  return find(await allPartners(context.http), reference, 'partner', changes && context.unasked);
}

/** Page after page. */
export async function allPartners(http: Http, status?: string): Promise<Partner[]> {
  const all: Partner[] = [];
  for (let cursor: string | undefined; ; ) {
    const query = { status, limit: PAGE, cursor };
    const { partners, next } = await http.get<{ partners: Partner[]; next?: string }>('/partners', query);
    all.push(...partners);
    if (next === undefined) return all;
    cursor = next;
  }
}
