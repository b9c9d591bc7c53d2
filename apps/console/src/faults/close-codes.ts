import { isSignInOver } from '../people/consent-over.js';

const MAX_REASON_BYTES = 123;
const bytes = new TextEncoder();

/** Why a browser's WebSocket would not close with these (WebSockets Standard, `close()`); undefined: it does. */
export function closeProblem(code: number, reason: string): string | undefined {
  if (!Number.isInteger(code) || (code !== 1000 && (code < 3000 || code > 4999)))
    return 'A browser closes with 1000, or with 3000 to 4999.';
  const size = bytes.encode(reason).length;
  return size > MAX_REASON_BYTES ? `A reason has ${MAX_REASON_BYTES} bytes at most; this one has ${size}.` : undefined;
}

/** What the SDK is going to make of it (protocol, section 5.5): the code is what it hears, whoever chose it. */
export function closeOutlook(code: number, reason: string): string {
  if (code === 4401) return 'The SDK takes it for a refused token: it asks for another one, and connects again.';
  if (code < 4400 || code >= 4500) return 'The SDK takes it for a lost connection, and connects again.';
  const end = 'The SDK takes it for the bridge’s own word that it is over, and ends.';
  return isSignInOver(reason)
    ? `${end} By its reason the consent is over, so the console forgets the sign-in; the bridge knows nothing of it.`
    : `${end} “Connect” goes on where it was.`;
}
