/** Of oidc-provider's own, which has no types: its nonces, in the steps in which they change. */
declare module 'oidc-provider/lib/helpers/challenge.js' {
  export default class ServerChallenge {
    constructor(secret: Buffer, info: string);
    nextChallenge(): string;
  }
}
