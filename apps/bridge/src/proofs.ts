/** What is taken as a proof of a key (RFC 9449), at the token endpoint and on a connection alike. */
export const PROOFS = {
  /** Asymmetric, short keys, and never `none`. */
  algorithms: ['ES256', 'EdDSA', 'Ed25519'],
  /** How far from now its `iat` may lie, either way: the clocks of people's devices are off by some minutes (I9). */
  iatOffMaxS: 300,
} as const;

/** Whether a proof says that it was made about now. */
export function isMadeAboutNow(iat: unknown, nowS: number): boolean {
  return typeof iat === 'number' && Math.abs(nowS - iat) <= PROOFS.iatOffMaxS;
}
