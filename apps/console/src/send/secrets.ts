import type { WireFrame } from '../wire/entry.js';

const SHOWN_IN: ReadonlySet<unknown> = new Set(['session.open', 'session.refresh']);

/** Whether a frame shows the bridge a token. What any other holds may be read by other people. */
export const showsToken = (frame: Partial<WireFrame> | null | undefined): boolean => SHOWN_IN.has(frame?.event);

/**
 * A frame with placeholders where its token and proof are: whatever leaves the page or is kept is made of this, whether
 * it is saved, recorded or copied.
 */
export function withoutSecrets(frame: WireFrame): WireFrame {
  if (!showsToken(frame) || typeof frame.data !== 'object' || frame.data === null) return frame;
  const hidden = Object.keys(frame.data).filter((name) => name === 'token' || name === 'proof');
  return { ...frame, data: { ...frame.data, ...Object.fromEntries(hidden.map((name) => [name, `{{${name}}}`])) } };
}

/** Three parts of base64url, the first of which begins like any JSON object: a JWT, wherever it was pasted. */
const JWT = /eyJ[\w-]{8,}\.[\w-]*\.[\w-]*/g;

/** The same for a text, which may be no JSON. */
export function textWithoutSecrets(text: string): string {
  return withoutTokens(text).replaceAll(JWT, '{{token}}');
}

function withoutTokens(text: string): string {
  try {
    const frame = JSON.parse(text) as WireFrame | null;
    return showsToken(frame) ? JSON.stringify(withoutSecrets(frame!), null, 2) : text;
  } catch {
    // A frame that is torn, or too deep to be written again. Anything else has no fields.
    return /^\s*\{/.test(text) ? text.replaceAll(FIELD, '$1"{{$2}}"') : text;
  }
}

const FIELD = /("(token|proof)"\s*:\s*)"(?:[^"\\]|\\.)*"/g;
