/** `npm run bench:import`: a large history into a bridge, with kills on the way. See options.ts. */
import { OptionsError } from '../command-line.js';
import { IMPORT_HELP, type ImportOptions, readImportOptions } from './options.js';
import { importReport } from './report.js';
import { runImport } from './run.js';

function options(): ImportOptions {
  try {
    const read = readImportOptions(process.argv.slice(2));
    if (read) return read;
    console.log(IMPORT_HELP);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    console.error(`${error.message}\n\`npm run bench:import -- --help\` says what there is.`);
    process.exit(1);
  }
}

const began = performance.now();
const result = await runImport(options(), (line) =>
  console.log(`[${((performance.now() - began) / 1_000).toFixed(0).padStart(3)} s] ${line}`),
);
console.log(`\n${importReport(result)}`);
process.exitCode = result.problems.length === 0 ? 0 : 1;
