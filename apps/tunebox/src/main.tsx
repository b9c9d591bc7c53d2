/** @jsxImportSource react */
// `npm run tunebox -- --as alice`: a music player for the terminal. Its chat panel uses the SDK and nothing else.
import { render } from 'ink';
import { type Options, readOptions, USAGE } from './options.js';
import { plain } from './plain.js';
import { Seat } from './seat.js';
import { Window } from './ui/window.js';

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 1;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const seat = new Seat(options);
  if (options.signsOut) {
    console.log((await seat.signOutOnly()) ? 'You are signed out.' : 'Nobody was signed in.');
    return 0;
  }
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    console.error('Tunebox needs a terminal.');
    return 1;
  }
  const window = render(<Window seat={seat} as={options.as} />, {
    exitOnCtrlC: false,
    alternateScreen: true,
    interactive: true,
  });
  await seat.start();
  await window.waitUntilExit();
  await seat.leave();
  return 0;
}

const code = await main().catch((error: Error) => {
  console.error(`Tunebox: ${plain(error.message)}`);
  return 1;
});
// Everything is written. A connection whose other side is gone without a word would keep the program for minutes.
process.exit(code);
