#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { readFileSync } from 'node:fs';
import { addApps } from './commands/apps.ts';
import { addGateways } from './commands/gateways.ts';
import { addGrants } from './commands/grants.ts';
import { addImport } from './commands/import.ts';
import { addOperators } from './commands/operators.ts';
import { addPartners } from './commands/partners.ts';
import { addRecord } from './commands/record.ts';
import { addRestored } from './commands/restored.ts';
import { addStatus } from './commands/status.ts';
import { addWebhooks } from './commands/webhooks.ts';
import { OperatorCommand, run } from './operator-command.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new OperatorCommand('drawbridge')
  .description(
    "The operators' side of a bridge: partners and their apps, grants, gateways and operators; and the platform's own import.",
  )
  .version(version, '-V, --version', 'show the version')
  .withCommonOptions();
addStatus(program);
addPartners(program);
addApps(program);
addGrants(program);
addGateways(program);
addOperators(program);
addRecord(program);
addRestored(program);
addImport(program);
addWebhooks(program);
program.example(
  'DRAWBRIDGE_TOKEN=… drawbridge status',
  'drawbridge partners end Tunebox --reason "contract ended" --preview',
);

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
process.exitCode = await run(program, process.argv.slice(2));
