/** What the example has to know; the launcher and the tests make it, a deployment would read it from its environment. */
export interface Settings {
  readonly port: number;
  /** Where people find it, and what its OpenID provider calls its issuer. */
  readonly url: string;
  /** PostgreSQL; without it an embedded database in `dataDir`. */
  readonly databaseUrl?: string;
  readonly dataDir?: string;
  readonly bridge: {
    /** Where its `/platform/v1` is: its internal listener. */
    readonly internalUrl: string;
    /** Where people find it: `/connected-apps` is there. */
    readonly publicUrl: string;
    readonly token: string;
    readonly webhookSecret: string;
    /** What the bridge is to the platform's OpenID provider. */
    readonly clientId: string;
    readonly clientSecret: string;
  };
  readonly log?: (line: string) => void;
}

/** The bridge's half of what both have to agree on. */
export function bridgeSettings({ url, bridge }: Settings): Record<string, string> {
  return {
    PLATFORM_TOKEN: bridge.token,
    PLATFORM_WEBHOOK_URL: `${url}${WEBHOOK_PATH}`,
    PLATFORM_WEBHOOK_SECRET: bridge.webhookSecret,
    SIGN_IN_ISSUER: url,
    SIGN_IN_CLIENT_ID: bridge.clientId,
    SIGN_IN_CLIENT_SECRET: bridge.clientSecret,
  };
}

export const WEBHOOK_PATH = '/webhooks/drawbridge';
