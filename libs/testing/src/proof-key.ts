import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The key of an app (RFC 9449), which its tokens are bound to: P-256, for ES256. */
export class ProofKey {
  readonly jwk: Readonly<Record<string, unknown>>;
  /** RFC 7638. */
  readonly thumbprint: string;
  readonly #privateKey: KeyObject;
  /** The last one that the token endpoint gave. */
  #nonce: string | undefined;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#privateKey = privateKey;
    const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
    this.jwk = { crv, kty, x, y };
    this.thumbprint = sha256(JSON.stringify(this.jwk));
  }

  /** A proof with these claims, beside `jti` and `iat`; undefined leaves one out. */
  proof(claims: Readonly<Record<string, unknown>>, header: Readonly<Record<string, unknown>> = {}): string {
    const head = part({ typ: 'dpop+jwt', alg: 'ES256', jwk: this.jwk, ...header });
    const body = part({ jti: randomUUID(), iat: Math.floor(Date.now() / 1_000), ...claims });
    const signed = Buffer.from(`${head}.${body}`);
    const signature = sign('sha256', signed, { key: this.#privateKey, dsaEncoding: 'ieee-p1363' });
    return `${head}.${body}.${signature.toString('base64url')}`;
  }

  /** For session.open and session.refresh, at the bridge that the token is for. */
  sessionProof(accessToken: string, nonce: unknown): string {
    const { aud } = JSON.parse(Buffer.from(accessToken.split('.')[1]!, 'base64url').toString()) as { aud: string };
    return this.proof({ htm: 'GET', htu: aud, ath: sha256(accessToken), nonce });
  }

  /** Posts a form with a proof, and once more with the nonce that is asked for (RFC 9449 section 8). */
  async post(url: string, form: Readonly<Record<string, string>>): Promise<Response> {
    for (let tries = 1; ; tries++) {
      const dpop = this.proof({ htm: 'POST', htu: url.split('?')[0], nonce: this.#nonce });
      const response = await fetch(url, { method: 'POST', headers: { dpop }, body: new URLSearchParams(form) });
      this.#nonce = response.headers.get('dpop-nonce') ?? this.#nonce;
      if (response.ok || tries > 1) return response;
      const { error } = (await response.clone().json()) as { error?: string };
      if (error !== 'use_dpop_nonce') return response;
    }
  }
}
