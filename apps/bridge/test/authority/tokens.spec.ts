import { everyDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { OidcArtifacts } from '../../src/authority/oidc-artifacts.js';
import { AuthorityHarness, bodyOf, DESKTOP, INVALID_GRANT, type Tokens, WEB } from './authority-harness.js';

describe.each(everyDatabase)('Attacks on codes and tokens, on %s', (kind) => {
  let bridge: AuthorityHarness;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  /** At most one of the answers brought tokens, none failed otherwise, and the end of the grant took the tokens' worth. */
  const expectReplayed = async (grant: string, answers: Response[]) => {
    const taken = answers.filter(({ status }) => status === 200);
    expect(taken.length).toBeLessThanOrEqual(1);
    for (const answer of answers.filter((each) => !taken.includes(each)))
      expect(await bodyOf(answer)).toMatchObject({ status: 400, ...INVALID_GRANT });
    expect(await bridge.grantRow(grant)).toMatchObject({
      end_reason: 'token_replayed',
      effective_at: expect.any(Date),
    });
    for (const answer of taken) {
      const { refresh_token } = (await answer.json()) as Tokens;
      expect(await bodyOf(await bridge.refresh(refresh_token))).toMatchObject({ status: 400, ...INVALID_GRANT });
    }
  };

  test('of one code exchanged 10 times at once at most one is answered with tokens, which are worth nothing: the grant has ended (I2)', async () => {
    const { code, verifier } = await bridge.code();
    const answers = await Promise.all(Array.from({ length: 10 }, () => bridge.exchange(code, verifier)));
    const { rows } = await sql<{ id: string }>`
      select id from consent_grant order by created_at desc limit 1`.execute(bridge.database.tables());
    await expectReplayed(rows[0]!.id, answers);
    expect((await bridge.exchange(code, verifier)).status).toBe(400);
  });

  describe('refresh tokens', () => {
    test('of one refresh token used 10 times at once at most one is answered with tokens, which are worth nothing: the grant has ended (I2)', async () => {
      const { refresh_token, grant } = await bridge.signIn();
      const answers = await Promise.all(Array.from({ length: 10 }, () => bridge.refresh(refresh_token)));
      await expectReplayed(grant, answers);
      expect((await bridge.refresh(refresh_token)).status).toBe(400);
    });

    test('a refresh token used long ago still ends the grant, and a forged one does not (I2, I9)', async () => {
      const first = await bridge.signIn();
      const second = (await (await bridge.refresh(first.refresh_token)).json()) as Tokens;
      await sql`update oidc_artifact set consumed_at = consumed_at - interval '2 hours'`.execute(
        bridge.database.tables(),
      );
      await bridge.app.get(OidcArtifacts).sweep();
      const { rows } =
        await sql`select from oidc_artifact where model = 'RefreshToken' and grant_id = ${first.grant}`.execute(
          bridge.database.tables(),
        );
      expect(rows).toHaveLength(1);
      const changed = first.refresh_token.at(-40) === 'A' ? 'B' : 'A';
      const forged = `${first.refresh_token.slice(0, -40)}${changed}${first.refresh_token.slice(-39)}`;
      expect((await bridge.refresh(forged)).status).toBe(400);
      expect((await bridge.grantRow(first.grant)).ended_at).toBeNull();
      expect(await bodyOf(await bridge.refresh(first.refresh_token))).toMatchObject({ status: 400, ...INVALID_GRANT });
      expect(await bridge.grantRow(first.grant)).toMatchObject({ end_reason: 'token_replayed' });
      expect((await bridge.refresh(second.refresh_token)).status).toBe(400);
    });

    test('RFC 7009: revocation ends the grant before it is answered, whichever of its refresh tokens is named (I2)', async () => {
      const first = await bridge.signIn();
      await bridge.refresh(first.refresh_token);
      expect((await bridge.revoke(first.refresh_token)).status).toBe(200);
      expect(await bridge.grantRow(first.grant)).toMatchObject({
        end_reason: 'signed_out',
        effective_at: expect.any(Date),
      });
      expect((await bridge.revoke(first.refresh_token)).status).toBe(200);
      expect((await bridge.revoke('no-such-token')).status).toBe(200);
    });

    test('RFC 7009 section 2.1: another app cannot revoke it', async () => {
      const { refresh_token, grant } = await bridge.signIn();
      await bridge.revoke(refresh_token, WEB);
      expect((await bridge.grantRow(grant)).ended_at).toBeNull();
      expect((await bridge.refresh(refresh_token)).status).toBe(200);
    });

    test('RFC 6749 section 6: a refresh cannot widen the scope, nor be made by another app', async () => {
      const { refresh_token } = await bridge.signIn({ scopes: ['messages.read'] });
      const wider = await bridge.token({
        grant_type: 'refresh_token',
        refresh_token,
        client_id: DESKTOP,
        scope: 'messages.read messages.send',
      });
      expect(await bodyOf(wider)).toMatchObject({ status: 400, error: 'invalid_scope' });
      expect((await bridge.refresh(refresh_token, WEB)).status).toBe(400);
    });

    test('a grant that ended elsewhere gives no more tokens, even before its refresh tokens are swept away (I2)', async () => {
      const { refresh_token, grant } = await bridge.signIn();
      await bridge.endings.end({ grants: [grant], reason: 'revoked_by_operator', by: 'root' });
      expect(await bodyOf(await bridge.refresh(refresh_token))).toMatchObject({ status: 400, ...INVALID_GRANT });
      expect(await bridge.grantRow(grant)).toMatchObject({ end_reason: 'revoked_by_operator' });
    });
  });

  test('what the database holds of codes and refresh tokens is worth nothing to whoever reads it', async () => {
    const { code } = await bridge.code();
    const { refresh_token } = await bridge.signIn();
    const { rows } = await sql<{ row: string }>`select (a.*)::text as row from oidc_artifact a`.execute(
      bridge.database.tables(),
    );
    const all = rows.map(({ row }) => row).join('\n');
    expect(all).not.toContain(code);
    expect(all).not.toContain(refresh_token);
  });
});
