import type { WireFrame } from '../wire/entry.js';
import { showsToken, textWithoutSecrets, withoutSecrets } from './secrets.js';

const SUBPROTOCOL = 'drawbridge.v1';

/** One word of a POSIX shell, whatever is in it. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export function socketUrl(publicUrl: string): string {
  return `${publicUrl.replace(/^http/, 'ws').replace(/\/$/, '')}/bridge`;
}

/**
 * Shell lines that send this text with wscat (https://github.com/websockets/wscat). A session has to be open before
 * anything else is understood, and wscat ends when what it reads does: so the opening and the frame are piped, with time
 * between them, and `--slash` lets a last line close the connection. Tokens are never in it: one goes into `TOKEN`.
 */
export function wscatCommand(publicUrl: string, text: string): string {
  const connect = `wscat -c ${shellQuoted(socketUrl(publicUrl))} -s ${SUBPROTOCOL}`;
  const frame = frameOf(text);
  const isOpening = frame?.event === 'session.open';
  const line = frame ? JSON.stringify(withoutSecrets(frame)) : textWithoutSecrets(text);
  const client = { name: 'wscat', version: '1' };
  const open = JSON.stringify({ event: 'session.open', id: 'w-1', data: { token: '{{token}}', client } });
  // In what somebody wrote to somebody, `{{token}}` is a word.
  const word = showsToken(frame) ? withToken(oneLine(line)) : shellQuoted(oneLine(line));
  const sent = (isOpening ? [word] : [withToken(open), word]).map((each) => `  sleep 1; printf '%s\\n' ${each}`);
  return [
    // No comment above it: where it is pasted, not every shell knows those.
    "TOKEN='paste here an access token that is bound to no key'",
    '(',
    ...sent,
    "  sleep 2; printf '%s\\n' /close",
    `) | ${connect} --slash`,
  ].join('\n');
}

/** wscat sends a line as a frame, but one that begins with a slash: that is a command to it. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').replace(/^\//, ' /');
}

/** The quotes are closed around the variable, which the shell fills in; a proof made here is good on no other connection. */
function withToken(json: string): string {
  return shellQuoted(json.replace(/,"proof":"\{\{proof\}\}"/, '')).replaceAll('{{token}}', `'"$TOKEN"'`);
}

function frameOf(text: string): WireFrame | undefined {
  try {
    const frame = JSON.parse(text);
    return typeof frame === 'object' && frame !== null && !Array.isArray(frame) ? frame : undefined;
  } catch {
    return undefined;
  }
}
