/** The one table of error and close codes: replies, closes and the pages under `/errors/` are made from it. */
export interface CodeEntry {
  /** One sentence: what happened. */
  readonly means: string;
  /** One sentence: what the client's developer, or the person, should do. */
  readonly advice: string;
  readonly retryable: boolean;
}

export const ERROR_CODES = {
  bad_frame: {
    retryable: false,
    means: 'The frame was not a JSON object with an event and a usable id, or it was nested too deeply.',
    advice:
      'Send one JSON object per text frame, with `event`, `id` (1 to 64 characters) and `data`. The fifth bad frame closes the connection.',
  },
  unknown_event: {
    retryable: false,
    means: 'The bridge knows no command of this name.',
    advice: 'Check the spelling of `event` against the list of commands.',
  },
  invalid_data: {
    retryable: false,
    means: 'The data of the command does not have the shape that the command takes.',
    advice: 'Look at `issues`: each names a path and its problem.',
  },
  not_open: {
    retryable: false,
    means: 'A command came before `session.open` had succeeded.',
    advice: 'Send `session.open` first and wait for its reply.',
  },
  already_open: {
    retryable: false,
    means: 'The session on this connection is open already.',
    advice: 'Use `session.refresh` to bring a new token, or open another connection.',
  },
  unauthenticated: {
    retryable: false,
    means:
      'The token is missing, wrong, expired, meant for another audience or another origin, or its proof is missing or failed.',
    advice:
      'A token with `cnf.jkt` needs `proof`, made anew for each frame with the latest `nonce` of this connection and the `ath` of this token. Refresh once and open again with the new token; never with the same one. If the refresh answers `invalid_grant`, offer a new sign-in. After `invalid_data`, mend the client instead.',
  },
  scope_missing: {
    retryable: false,
    means: 'The person has not allowed this app to do that.',
    advice: 'Ask for the scope named in `scope` in a new sign-in; expect that the person may say no.',
  },
  not_found: {
    retryable: false,
    means: 'There is no such thing, or it is none of this person’s business.',
    advice: 'Check the id. The bridge does not tell which of the two it was.',
  },
  conflict: {
    retryable: false,
    means:
      'The same `clientId` was used with other content, the message is deleted or has as many kinds of reactions as it may have, or the same frame `id` is still being answered.',
    advice:
      'Make a new `clientId` for each new thing to send, and a new `id` for each frame. An edit of a deleted message, or one reaction too many, is not to be repeated.',
  },
  rate_limited: {
    retryable: true,
    means: 'Too much was sent in too short a time.',
    advice:
      'Wait for `retryAfterMs`, then repeat with the same `clientId`. After a close with 4529 reconnect with backoff, and send less.',
  },
  consent_ended: {
    retryable: false,
    means: 'The person’s consent is over.',
    advice: 'Stop, forget the tokens, and offer a new sign-in.',
  },
  consent_unverifiable: {
    retryable: true,
    means: 'The gateway cannot prove at this moment that consent still stands, so it accepts and delivers nothing.',
    advice:
      'Repeat after a moment, with the same `clientId`; after a close with 4503 reconnect with backoff and `resume` first.',
  },
  unavailable: {
    retryable: true,
    means: 'The bridge cannot do this at the moment.',
    advice: 'Repeat after a moment, with the same `clientId`.',
  },
  internal: {
    retryable: true,
    means: 'A fault of the bridge.',
    advice:
      'Repeat with the same `clientId`, after a close on a new connection with `resume`; if it stays, tell the operator the time and the code.',
  },
} as const satisfies Record<string, CodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Why a consent is over; the reason of a 4403 close. */
export const END_REASONS = [
  'revoked_by_person',
  'revoked_by_operator',
  'signed_out',
  'partner_suspended',
  'partner_ended',
  'expired',
  'token_replayed',
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** Close codes by what the client does next: 44xx stop, 45xx reconnect with backoff, full jitter and `resume`. */
export const CLOSE_CODES = {
  protocol_violation: 4400,
  unauthenticated: 4401,
  revoked_by_person: 4403,
  revoked_by_operator: 4403,
  signed_out: 4403,
  partner_suspended: 4403,
  partner_ended: 4403,
  expired: 4403,
  token_replayed: 4403,
  open_timeout: 4408,
  superseded: 4409,
  internal: 4500,
  consent_unverifiable: 4503,
  slow_consumer: 4508,
  going_away: 4512,
  rate_limited: 4529,
} as const satisfies Record<EndReason, 4403> & Record<string, number>;

export type CloseReason = keyof typeof CLOSE_CODES;

/** What the pages under `/errors/` say of the reasons a connection is closed with, where no error code has the same name. */
export const CLOSE_PAGES = {
  protocol_violation: {
    retryable: false,
    means: 'A binary frame, or the fifth bad frame, came on this connection.',
    advice: 'Mend the client: only text frames, each a JSON object.',
  },
  revoked_by_person: {
    retryable: false,
    means: 'The person ended this app’s access.',
    advice: 'Stop, forget the tokens and what they gave access to, and offer a new sign-in.',
  },
  revoked_by_operator: {
    retryable: false,
    means: 'The operator ended this app’s access.',
    advice: 'Stop. The operator knows why.',
  },
  signed_out: {
    retryable: false,
    means: 'The app signed out.',
    advice: 'Offer a new sign-in when the person wants one.',
  },
  partner_suspended: {
    retryable: false,
    means: 'The partner behind this app is suspended.',
    advice: 'Stop. The partner should speak with the operator; people sign in anew afterwards.',
  },
  partner_ended: {
    retryable: false,
    means: 'The partnership behind this app has ended.',
    advice: 'Stop, and forget the tokens.',
  },
  expired: {
    retryable: false,
    means: 'The consent ran out: its time was up, or it was unused for too long.',
    advice: 'Offer a new sign-in.',
  },
  token_replayed: {
    retryable: false,
    means: 'A refresh token was used twice, so it may be in wrong hands, and the consent was ended.',
    advice: 'Offer a new sign-in; make sure that only one place refreshes.',
  },
  open_timeout: {
    retryable: false,
    means: 'No `session.open` came in time.',
    advice: 'Send `session.open` within the time that `hello` names.',
  },
  superseded: {
    retryable: false,
    means: 'More than four connections were opened on one consent; the oldest was closed.',
    advice: 'Share one connection, or close those no longer used.',
  },
  slow_consumer: {
    retryable: true,
    means: 'More than a megabyte was waiting for this client.',
    advice: 'Read faster; reconnect with `resume`, nothing is lost.',
  },
  going_away: {
    retryable: true,
    means: 'The gateway is being stopped or restarted.',
    advice: 'Reconnect within `reconnectWithinMs`, at a random moment, with `resume`.',
  },
} as const satisfies Record<string, CodeEntry>;

/** Closes that the WebSocket protocol itself has numbers for (RFC 6455 section 7.4.1); they carry no reason. */
export const STANDARD_CLOSES = {
  1001: {
    retryable: true,
    means: 'The other side went away.',
    advice: 'Reconnect with backoff, full jitter and `resume`; nothing is lost.',
  },
  1002: {
    retryable: false,
    means: 'The client broke the WebSocket protocol.',
    advice: 'Mend the client, or use a WebSocket library: masked frames, no reserved bits, valid lengths and opcodes.',
  },
  1006: {
    retryable: true,
    means: 'The connection was lost without a close.',
    advice:
      'Reconnect with backoff, full jitter and `resume`; nothing is lost. If the consent has ended, the next open says so.',
  },
  1007: {
    retryable: false,
    means: 'A text frame was not valid UTF-8.',
    advice: 'Mend the client: text frames are UTF-8.',
  },
  1008: {
    retryable: false,
    means: 'A message came in more than 16,384 fragments.',
    advice: 'Mend the client: send each JSON object in one frame, or in a few.',
  },
  1009: {
    retryable: false,
    means: 'A frame was larger than `maxFrameBytes`.',
    advice: 'Send smaller frames; `hello` says how large they may be.',
  },
} as const satisfies Record<number, CodeEntry>;

/** Every word that may follow `/errors/`, with what its page says. */
export const CODE_PAGES: Readonly<Record<string, CodeEntry & { closeCode?: number }>> = Object.fromEntries(
  Object.entries<CodeEntry>({ ...ERROR_CODES, ...CLOSE_PAGES }).map(([name, entry]) => [
    name,
    { ...entry, ...(name in CLOSE_CODES ? { closeCode: CLOSE_CODES[name as CloseReason] } : {}) },
  ]),
);
