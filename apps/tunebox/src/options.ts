import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export const USAGE = `npm run tunebox [-- OPTIONS]: a music player for the terminal, with your messages in it

  --as NAME      whose sign-in on this computer, such as alice ("me" by default)
  --url URL      the bridge (http://127.0.0.1:8080)
  --folder PATH  where sign-ins and unsent messages are kept (~/.config/tunebox)
  --sign-out     signs out, forgets everything, and ends
  --help`;

export interface Options {
  readonly as: string;
  readonly url: string;
  /** Of this sign-in alone. */
  readonly folder: string;
  readonly signsOut: boolean;
  readonly help: boolean;
}

/** Throws an Error that says what is wrong with the command line. */
export function readOptions(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      as: { type: 'string', default: 'me' },
      url: { type: 'string', default: 'http://127.0.0.1:8080' },
      folder: { type: 'string' },
      'sign-out': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (!/^[\w.-]{1,64}$/.test(values.as) || /^\.+$/.test(values.as))
    throw new Error('--as takes a name of letters, digits, ".", "_" and "-".');
  const url = URL.parse(values.url);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new Error('--url takes an address such as https://bridge.example.');
  const root = values.folder ?? join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'tunebox');
  const folder = join(root, `${url.host.replace(/[^\w.-]/g, '_')}`, values.as);
  return { as: values.as, url: url.href.replace(/\/+$/, ''), folder, signsOut: values['sign-out'], help: values.help };
}
