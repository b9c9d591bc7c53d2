import type { Database } from '@drawbridge/database';
import { sql } from 'kysely';
import type { Chore, Step } from './upkeep.js';

/** A client id is remembered for so many days (I5), and its message with it. */
export const MIN_RETENTION_DAYS = 7;
/** How long the answer to a recommendation is remembered; the contract asks for 7 days. */
export const RECOMMENDATION_DAYS = 30;
/** Messages removed by one statement (I9). */
export const REMOVED_PER_STEP = 1_000;

/**
 * Removes messages that were stored more than `days` ago, with their reactions and the versions kept for who has left, the oldest first: ids are in the order of
 * time. Conversations, positions and receipts stay. Nobody is told: what shows a message finds it gone. It takes no lock
 * that a send waits for, and waits for none: a message that is just being changed is left for the next step.
 */
export function retention(database: Database, days: number): Chore {
  return {
    name: 'messages',
    async step(): Promise<Step> {
      const { rows } = await sql<{ removed: number }>`
        with bound as materialized (
          select (lpad(to_hex(floor(extract(epoch from clock_timestamp() - ${days}::integer * interval '1 day') * 1000)::bigint), 12, '0')
                  || repeat('0', 20))::uuid as id
        ), old as materialized (
          select conversation, position from message where id < (select id from bound)
           order by id limit ${REMOVED_PER_STEP}::integer for update skip locked
        ), reactions as (
          delete from reaction r using old o where r.conversation = o.conversation and r.position = o.position
        ), past_reactions as (
          delete from past_reaction r using old o where r.conversation = o.conversation and r.position = o.position
        ), versions as (
          delete from message_version v using old o where v.conversation = o.conversation and v.position = o.position
        ), removed as (
          delete from message m using old o where m.conversation = o.conversation and m.position = o.position returning 1
        )
        select count(*) as removed from removed`.execute(database.tables());
      const { removed } = rows[0]!;
      return removed === REMOVED_PER_STEP ? { next: 'on', removed } : { removed };
    },
  };
}

/** Forgets what was answered to recommendations more than RECOMMENDATION_DAYS ago. A send that is under way keeps its own. */
export function forgetting(database: Database): Chore {
  return {
    name: 'recommendation_requests',
    async step(): Promise<Step> {
      const { rows } = await sql<{ removed: number }>`
        with old as materialized (
          select person, app, client_id from recommendation_request
           where created_at < clock_timestamp() - ${RECOMMENDATION_DAYS}::integer * interval '1 day'
           order by created_at limit ${REMOVED_PER_STEP}::integer for update skip locked
        ), removed as (
          delete from recommendation_request r using old o
           where r.person = o.person and r.app = o.app and r.client_id = o.client_id returning 1
        )
        select count(*) as removed from removed`.execute(database.tables());
      const { removed } = rows[0]!;
      return removed === REMOVED_PER_STEP ? { next: 'on', removed } : { removed };
    },
  };
}
