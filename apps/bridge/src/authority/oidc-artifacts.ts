import type { Database } from '@drawbridge/database';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import type { DeviceCodes } from './device-codes.js';
import { hashOf } from './hash.js';
import type { RefreshTokenNames } from './refresh-token-names.js';
import type { AuthorityTables } from './tables.js';

/** How many expired rows one round of the sweep removes, and how many rounds come one after the other (I9). */
const SWEEP_ROWS_MAX = 1_000;
const SWEEP_ROUNDS_MAX = 1_000;

/** What is a secret by itself is not kept with its payload either. */
const BEARER_MODELS = new Set(['AuthorizationCode', 'DeviceCode', 'RefreshToken']);

/** How long a used refresh token keeps its row, for clients that repeat a refresh whose answer was lost. */
const USED_REFRESH_TOKEN_KEPT = '1 hour';

export interface ArtifactHooks {
  /** The client with this id as oidc-provider wants it, if it may use the bridge now. */
  client(clientId: string): Promise<AdapterPayload | undefined>;
  /** A code or refresh token of this grant was used a second time. */
  replayed(grantId: string): Promise<void>;
  refreshTokens: RefreshTokenNames;
  deviceCodes: DeviceCodes;
}

/** oidc-provider's state, all of it in the database: any process can answer any request. */
export class OidcArtifacts {
  constructor(private readonly database: Database) {}

  private get tables(): Kysely<AuthorityTables> {
    return this.database.tables<AuthorityTables>();
  }

  /** Everything oidc-provider kept for a grant that has ended: its codes and refresh tokens work no more. */
  async forgetGrant(grantId: string): Promise<void> {
    await this.tables.deleteFrom('oidc_artifact').where('grant_id', '=', grantId).execute();
  }

  /** Sign-ins of a person that are under way, and visits to /device: whoever is erased allows nothing any more. */
  async forgetPerson(id: string): Promise<void> {
    await this.tables.deleteFrom('device_visit').where('person', '=', id).execute();
    // As JSON has it; an id has no letter that JSON would write in another way.
    await sql`delete from oidc_artifact
      where position(${`"accountId":"${id}"`}::text in payload) > 0`.execute(this.tables);
  }

  /** Removes what has expired and what belongs to grants that ended elsewhere. */
  async sweep(): Promise<void> {
    await this.sweepWhere(sql`expires_at < clock_timestamp() - interval '1 minute'`);
    await this.sweepWhere(sql`model = 'RefreshToken'
      and consumed_at < clock_timestamp() - ${sql.lit(USED_REFRESH_TOKEN_KEPT)}::interval`);
    await sql`
      delete from oidc_artifact using consent_grant g
      where oidc_artifact.grant_id = g.id::text and g.ended_at is not null
        and g.ended_at > clock_timestamp() - interval '1 day'`.execute(this.tables);
  }

  /** Round after round until one is not full: a flood of sign-ins leaves more than a round takes. */
  private async sweepWhere(condition: RawBuilder<unknown>): Promise<void> {
    for (let round = 0, full = true; full && round < SWEEP_ROUNDS_MAX; round += 1) {
      const { numAffectedRows = 0n } = await sql`
        delete from oidc_artifact where (model, id) in (
          select model, id from oidc_artifact where ${condition}
          limit ${SWEEP_ROWS_MAX} for update skip locked)`.execute(this.tables);
      full = numAffectedRows >= SWEEP_ROWS_MAX;
    }
  }

  /** oidc-provider's Adapter for one of its models. */
  adapter(model: string, hooks: ArtifactHooks): Adapter {
    if (model === 'Client') return new ClientAdapter(hooks);
    // A browser session is never kept: the person signs in every time an app asks.
    if (model === 'Session') return new NothingKept();
    if (model === 'RefreshToken') return new RefreshTokenAdapter(model, this.tables, hooks);
    if (model === 'ReplayDetection') return new ReplayAdapter(model, this.tables, hooks);
    if (model === 'DeviceCode') return new DeviceCodeAdapter(model, this.tables, hooks);
    return new ArtifactAdapter(model, this.tables, hooks);
  }
}

class ArtifactAdapter implements Adapter {
  constructor(
    protected readonly model: string,
    protected readonly tables: Kysely<AuthorityTables>,
    protected readonly hooks: ArtifactHooks,
  ) {}

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const row = this.row(id, payload, expiresIn);
    await this.tables
      .insertInto('oidc_artifact')
      .values({ model: this.model, id: hashOf(id), ...row })
      .onConflict((conflict) => conflict.columns(['model', 'id']).doUpdateSet(row))
      .execute();
  }

  protected row(id: string, payload: AdapterPayload, expiresIn: number | undefined) {
    const { consumed: _, jti, ...kept } = payload;
    return {
      payload: JSON.stringify(BEARER_MODELS.has(this.model) ? kept : { jti, ...kept }),
      grant_id: (this.model === 'Grant' ? id : payload.grantId) ?? null,
      uid: payload.uid ?? null,
      user_code: payload.userCode ?? null,
      expires_at: expiresIn ? sql<Date>`clock_timestamp() + ${expiresIn} * interval '1 s'` : null,
    };
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const payload = await this.findWhere(this.model, 'id', hashOf(id));
    return payload && { ...payload, jti: id };
  }

  findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.findWhere(this.model, 'uid', uid);
  }

  findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.findWhere(this.model, 'user_code', userCode);
  }

  /** Fails when it was consumed already: of two requests with one token that race, one wins and the other is a replay. */
  async consume(id: string): Promise<void> {
    const { numUpdatedRows } = await this.tables
      .updateTable('oidc_artifact')
      .set({ consumed_at: sql<Date>`clock_timestamp()` })
      .where('model', '=', this.model)
      .where('id', '=', hashOf(id))
      .where('consumed_at', 'is', null)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows > 0n) return;
    const used = await this.find(id);
    if (used?.grantId) await this.hooks.replayed(used.grantId);
    throw new errors.InvalidGrant(`${this.model} already used`);
  }

  async destroy(id: string): Promise<void> {
    await this.tables
      .deleteFrom('oidc_artifact')
      .where('model', '=', this.model)
      .where('id', '=', hashOf(id))
      .execute();
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await this.tables
      .deleteFrom('oidc_artifact')
      .where('model', '=', this.model)
      .where('grant_id', '=', grantId)
      .execute();
  }

  protected async findWhere(
    model: string,
    column: 'id' | 'uid' | 'user_code',
    value: string,
  ): Promise<AdapterPayload | undefined> {
    const row = await this.tables
      .selectFrom('oidc_artifact')
      .select(['payload', 'consumed_at'])
      .where('model', '=', model)
      .where(column, '=', value)
      .executeTakeFirst();
    if (!row) return undefined;
    const payload = JSON.parse(row.payload) as AdapterPayload;
    if (row.consumed_at) payload.consumed = Math.floor(row.consumed_at.getTime() / 1000);
    return payload;
  }
}

class RefreshTokenAdapter extends ArtifactAdapter {
  /** A used token whose row was swept away is found too, as used, while its grant is there. */
  override async find(id: string): Promise<AdapterPayload | undefined> {
    const kept = await super.find(id);
    if (kept) return kept;
    const grantId = this.hooks.refreshTokens.grantOf(id);
    const grant = grantId && (await this.findWhere('Grant', 'id', hashOf(grantId)));
    if (!grant) return undefined;
    const { clientId, accountId, iat, exp } = grant;
    return { kind: 'RefreshToken', jti: id, grantId, clientId, accountId, iat, exp, consumed: iat } as AdapterPayload;
  }

  /**
   * A refresh token goes only together with its grant (revokeByGrantId, forgetGrant): were it deleted first and the
   * process died before the grant was ended, the client's retry would be answered without ending anything.
   */
  override async destroy(): Promise<void> {}
}

/** A proof is good once, in all processes: the row is its use. */
class ReplayAdapter extends ArtifactAdapter {
  /** The insert decides, also between requests that race. */
  override async find(): Promise<undefined> {}

  override async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const { numInsertedOrUpdatedRows } = await this.tables
      .insertInto('oidc_artifact')
      .values({ model: this.model, id: hashOf(id), ...this.row(id, payload, expiresIn) })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 0n) throw new errors.InvalidDpopProof('DPoP proof was used before');
  }
}

class DeviceCodeAdapter extends ArtifactAdapter {
  /** Once, when the device is given it; DeviceCodes writes what becomes of it. */
  override async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    await super.upsert(id, payload, expiresIn);
    await this.hooks.deviceCodes.begin(hashOf(id), payload.userCode ?? '');
  }

  /** Only the token endpoint looks for one: this is a poll. The interval counts while there is nothing to tell. */
  override async find(id: string): Promise<AdapterPayload | undefined> {
    const payload = await super.find(id);
    const waits = payload && !payload.accountId && !payload.error && (payload.exp ?? 0) * 1000 > Date.now();
    if (waits && (await this.hooks.deviceCodes.pollsTooEarly(hashOf(id)))) throw new errors.SlowDown();
    return payload;
  }
}

/** Clients are the apps of the partners' registry; nothing else writes them. */
class ClientAdapter implements Adapter {
  constructor(private readonly hooks: ArtifactHooks) {}
  find = (id: string) => this.hooks.client(id);
  findByUid = nothing;
  findByUserCode = nothing;
  upsert = nothing;
  consume = nothing;
  destroy = nothing;
  revokeByGrantId = nothing;
}

class NothingKept implements Adapter {
  find = nothing;
  findByUid = nothing;
  findByUserCode = nothing;
  upsert = nothing;
  consume = nothing;
  destroy = nothing;
  revokeByGrantId = nothing;
}

async function nothing(): Promise<undefined> {
  return undefined;
}
