import { cursorOf } from '@drawbridge/database';
import { PartnersError, type ReviewedPartner } from '@drawbridge/partners';
import { invalid, notFound } from '../api/api-error.js';
import { positionOf } from '../api/cursor.js';
import { type Route, route } from '../api/route.js';
import { pageSize } from '../api/shapes.js';
import type { AdminParts } from './admin-parts.js';
import { previewed } from './previewed.js';
import { NewPartner, PartnerEnd, PartnerPatch, PartnersAsked, Step, TakingAway } from './requests.js';
import { partnerView } from './views.js';

/** A day that has just come by the time it arrives means now; one before that is a slip of the pen, and an end is for good. */
const NOW_WITHIN_MS = 60_000;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** ApiError `not_found`. */
export async function partnerOf({ life }: AdminParts, id: string): Promise<ReviewedPartner> {
  const partner = await life.find(id);
  if (!partner) throw notFound(`There is no partner ${id}.`);
  return partner;
}

export function partnerRoutes(parts: AdminParts): Route[] {
  const { partners, life, endings, seen } = parts;
  const shown = async (id: string) => partnerView(await partnerOf(parts, id));

  return [
    route('GET', '/partners', { query: PartnersAsked }, async ({ query }) => {
      const limit = pageSize(query);
      const found = await life.list({ after: positionIn(query.cursor), limit: limit + 1, status: query.status });
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      const next = last ? { next: cursorOf([last.name, last.id]) } : {};
      return { body: { partners: page.map(partnerView), ...next } };
    }),

    route('POST', '/partners', { body: NewPartner }, async ({ body, by }) => {
      const { reviewDueAt, ...rest } = body;
      const { id } = await partners.createPartner({ ...rest, reviewDueAt: dateOf(reviewDueAt) ?? null, by });
      return { status: 201, body: await shown(id) };
    }),

    route('GET', '/partners/:partner', {}, async ({ param }) => ({ body: await shown(param('partner')) })),

    previewed('PATCH', '/partners/:partner', PartnerPatch, async ({ body, param, by }, preview) => {
      const before = await partnerOf(parts, param('partner'));
      const { scopes, reviewDueAt, ...rest } = body;
      if (preview) {
        const losing = scopes ? before.scopes.filter((scope) => !scopes.includes(scope)) : [];
        // A review that is overdue suspends it, with all of them.
        const overdue = before.status === 'approved' && (dateOf(reviewDueAt)?.getTime() ?? Infinity) <= Date.now();
        return { body: { preview: await seen.concerned({ partner: before.id }, overdue ? undefined : losing) } };
      }
      const due = dateOf(reviewDueAt);
      await life.change(before.id, { ...rest, ...(due === undefined ? {} : { reviewDueAt: due }) }, by);
      const receipt = scopes && (await endings.setPartnerCeiling({ partner: before.id, scopes, by }));
      return { body: { ...(await shown(before.id)), ...(receipt ? { receipt } : {}) } };
    }),

    route('POST', '/partners/:partner/approve', { body: Step }, async ({ body, param, by }) => {
      await life.approve(param('partner'), by, body.reason);
      return { body: await shown(param('partner')) };
    }),

    route('POST', '/partners/:partner/resume', { body: Step }, async ({ body, param, by }) => {
      await life.resume(param('partner'), by, body.reason);
      return { body: await shown(param('partner')) };
    }),

    previewed('POST', '/partners/:partner/suspend', TakingAway, async ({ body, param, by }, preview) => {
      const { id, name, status } = await partnerOf(parts, param('partner'));
      const wrong = new PartnersError('wrong_status', `${name} is ${status}: only an approved partner is suspended.`);
      if (status !== 'approved') throw wrong;
      if (preview) return { body: { preview: await seen.concerned({ partner: id }) } };
      const receipt = await endings.endPartner({ partner: id, status: 'suspended', by, note: body.reason });
      if (!receipt) throw wrong;
      return { body: { status: 'suspended', ...receipt } };
    }),

    previewed('POST', '/partners/:partner/end', PartnerEnd, async ({ body, param, by }, preview) => {
      const { id, name, status } = await partnerOf(parts, param('partner'));
      const at = plannedEnd(body.at);
      const wrong = new PartnersError('wrong_status', `${name} has ended already.`);
      if (status === 'ended') throw wrong;
      if (preview) return { body: { preview: await seen.concerned({ partner: id }) } };
      if (at) {
        await life.planEnd(id, at, by, body.reason);
        return { status: 202, body: await shown(id) };
      }
      const receipt = await endings.endPartner({ partner: id, status: 'ended', by, note: body.reason });
      if (!receipt) throw wrong;
      return { body: { status: 'ended', ...receipt } };
    }),
  ];
}

function positionIn(cursor: string | undefined) {
  if (cursor === undefined) return undefined;
  const [name, id] = positionOf(cursor, 'string', 'string');
  if (!UUID.test(id)) throw invalid({ path: 'cursor', problem: 'is not one that the bridge gave' });
  return { name, id };
}

/** Undefined: now. */
function plannedEnd(at: string | undefined): Date | undefined {
  if (at === undefined) return undefined;
  const inMs = Date.parse(at) - Date.now();
  if (inMs < -NOW_WITHIN_MS)
    throw invalid({ path: 'at', problem: 'lies in the past; leave it out to end the partner now' });
  return inMs > 0 ? new Date(at) : undefined;
}

function dateOf(time: string | null | undefined): Date | null | undefined {
  return typeof time === 'string' ? new Date(time) : time;
}
