import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const RANDOM_BYTES = 24;
const SHAPE = /^([0-9a-f]{32})([\w-]{32})([\w-]{43})$/;

/**
 * Refresh tokens say, under a MAC, which grant they are of. So a used one is known for what it is when its row is
 * long gone, and replaying it ends the grant, although a client that refreshes every few minutes for months leaves
 * no more than the rows of its last hour (I9).
 */
export class RefreshTokenNames {
  constructor(private readonly key: Buffer) {}

  make(grantId: string): string {
    const named = grantId.replaceAll('-', '') + randomBytes(RANDOM_BYTES).toString('base64url');
    return named + this.mac(named).toString('base64url');
  }

  /** The grant that a token of ours was made for; undefined for anything we did not make. */
  grantOf(token: string): string | undefined {
    const [, grant, random, mac] = SHAPE.exec(token) ?? [];
    if (!grant || !random || !mac) return undefined;
    if (!timingSafeEqual(this.mac(grant + random), Buffer.from(mac, 'base64url'))) return undefined;
    return grant.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }

  private mac(text: string): Buffer {
    return createHmac('sha256', this.key).update(text).digest();
  }
}
