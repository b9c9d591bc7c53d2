/** The description of the whole, in Markdown. */
export function introduction(publicUrl: string): string {
  return `How a partner’s client shows and sends a person’s messages, while the person says so.

1. Sign in at \`${publicUrl}/oidc\` (OAuth 2.1, authorization code with PKCE or device code). One sign-in is one consent.
2. Open a WebSocket at \`/bridge\`, subprotocol \`drawbridge.v1\`. The bridge says \`hello\`; answer \`session.open\`.
3. Send commands. Each with an \`id\` gets exactly one reply with the same \`id\`: \`ok\` or \`error\`.
4. Durable events have \`seq\` and \`prev\`: nothing is missing while \`prev\` is the \`seq\` before. After a lost connection
   go on with \`resume\`.

Each command names the scope it takes as \`x-scope\`, and so does each event that reaches only those who have it. Ignore
events, properties and keys that you do not know; properties of a command’s data that the bridge does not know are
\`invalid_data\`. Ids are opaque, times RFC 3339 in UTC, durations in milliseconds.

Close codes 44xx mean: stop. 45xx, 1001 and 1006 mean: reconnect, with backoff and full jitter. All of them are in
\`x-close-codes\` of the channel, with what to do.`;
}
