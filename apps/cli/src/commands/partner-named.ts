import type { Context } from '../context.ts';
import { find } from '../find.ts';
import type { Partner } from '../wire.ts';

/** The partner that was named; `changes` where something is about to be done to it. */
export async function partnerNamed(context: Context, reference: string, changes = false): Promise<Partner> {
  const { partners } = await context.http.get<{ partners: Partner[] }>('/partners');
  return find(partners, reference, 'partner', changes && context.unasked);
}
