/** `npm run hostile`: malformed and hostile frames, and what they do to a bridge. See options.ts. */
import { OptionsError } from '../command-line.js';
import { HOSTILE_HELP, type HostileOptions, readHostileOptions } from './options.js';
import { hostileReport } from './report.js';
import { runHostile } from './run.js';

function options(): HostileOptions {
  try {
    const read = readHostileOptions(process.argv.slice(2));
    if (read) return read;
    console.log(HOSTILE_HELP);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    console.error(`${error.message}\n\`npm run hostile -- --help\` says what there is.`);
    process.exit(1);
  }
}

const began = performance.now();
const result = await runHostile(options(), (line) =>
  console.log(`[${((performance.now() - began) / 1_000).toFixed(0).padStart(3)} s] ${line}`),
);
console.log(`\n${hostileReport(result)}`);
process.exitCode = result.problems.length === 0 ? 0 : 1;
