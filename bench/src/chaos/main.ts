/** `npm run chaos`: what is acknowledged survives whatever is killed. See options.ts. */
import { OptionsError } from '../command-line.js';
import { CHAOS_HELP, type ChaosOptions, readChaosOptions } from './options.js';
import { chaosReport } from './report.js';
import { runChaos } from './run.js';

function options(): ChaosOptions {
  try {
    const read = readChaosOptions(process.argv.slice(2));
    if (read) return read;
    console.log(CHAOS_HELP);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    console.error(`${error.message}\n\`npm run chaos -- --help\` says what there is.`);
    process.exit(1);
  }
}

const began = performance.now();
const result = await runChaos(options(), (line) =>
  console.log(`[${((performance.now() - began) / 1_000).toFixed(0).padStart(3)} s] ${line}`),
);
console.log(`\n${chaosReport(result)}`);
process.exitCode = result.problems.length === 0 ? 0 : 1;
