/** `npm run bench:webhooks`: events that waited for the receiver of the platform. See options.ts. */
import { OptionsError } from '../command-line.js';
import { readWebhooksOptions, WEBHOOKS_HELP, type WebhooksOptions } from './options.js';
import { webhooksReport } from './report.js';
import { runWebhooks } from './run.js';

function options(): WebhooksOptions {
  try {
    const read = readWebhooksOptions(process.argv.slice(2));
    if (read) return read;
    console.log(WEBHOOKS_HELP);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    console.error(`${error.message}\n\`npm run bench:webhooks -- --help\` says what there is.`);
    process.exit(1);
  }
}

const began = performance.now();
const result = await runWebhooks(options(), (line) =>
  console.log(`[${((performance.now() - began) / 1_000).toFixed(0).padStart(3)} s] ${line}`),
);
console.log(`\n${webhooksReport(result)}`);
process.exitCode = result.problems.length === 0 ? 0 : 1;
