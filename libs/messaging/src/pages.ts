import { LIMITS } from '@drawbridge/protocol';
import { invalid } from './errors.js';

export function pageLimit(limit: number | undefined): number {
  if (limit === undefined) return LIMITS.defaultPage;
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMITS.maxPage)
    throw invalid('limit', `is not a whole number from 1 to ${LIMITS.maxPage}`);
  return limit;
}

/** Where a list of conversations goes on: after the one that was last, by activity and then id. */
export interface ListPosition {
  updatedAtMs: number;
  id: string;
}

const CURSOR = /^(\d{1,15})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

export function listCursor({ updatedAtMs, id }: ListPosition): string {
  return Buffer.from(`${updatedAtMs}.${id}`).toString('base64url');
}

/** MessagingError `invalid_data` for what is no cursor of listCursor's. */
export function listPosition(cursor: string): ListPosition {
  const [, ms, id] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  const updatedAtMs = Number(ms);
  if (id === undefined || updatedAtMs > 8.64e15) throw invalid('cursor', 'is not one that the bridge gave');
  return { updatedAtMs, id };
}

const PLACE_CURSOR = /^p(\d{1,9})$/;

/** Where a list of members goes on: after this place. */
export function placeCursor(place: number): string {
  return Buffer.from(`p${place}`).toString('base64url');
}

/** MessagingError `invalid_data` for what is no cursor of placeCursor's. */
export function placeOf(cursor: string): number {
  const [, place] = PLACE_CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (place === undefined) throw invalid('cursor', 'is not one that the bridge gave');
  return Number(place);
}
