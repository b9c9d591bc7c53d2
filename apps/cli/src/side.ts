/** Whose API a command is a client of: both are on the internal listener. */
export interface Side {
  readonly path: string;
  /** Where the token is looked for in the environment, in this order. */
  readonly tokens: readonly string[];
  readonly noToken: string;
  readonly unknownToken: string;
  readonly otherToken: string;
  /** What is not there, where a bridge answers 404. */
  readonly api: string;
  readonly role: string;
}

export const OPERATORS: Side = {
  path: '/admin/v1',
  tokens: ['DRAWBRIDGE_TOKEN', 'ADMIN_TOKEN'],
  noToken:
    "No token: set DRAWBRIDGE_TOKEN to an operator's token (or ADMIN_TOKEN to the bridge's own), or name a file with --token-file.",
  unknownToken: 'This is no operator’s token.',
  otherToken: 'Set DRAWBRIDGE_TOKEN (or ADMIN_TOKEN) to one that it takes.',
  api: "operators' API",
  role: 'admin',
};

export const PLATFORM: Side = {
  path: '/platform/v1',
  tokens: ['PLATFORM_TOKEN'],
  noToken: "No token: set PLATFORM_TOKEN to the bridge's own, or name a file with --token-file.",
  unknownToken: 'This is not PLATFORM_TOKEN.',
  otherToken: 'Set PLATFORM_TOKEN to the one that the bridge was started with.',
  api: "host platform's API",
  role: 'platform',
};
