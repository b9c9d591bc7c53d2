import type { Context } from '../context.ts';
import type { OperatorCommand } from '../operator-command.ts';
import { second } from '../text/times.ts';
import type { Entry } from '../wire.ts';
import { partnerNamed } from './partner-named.ts';

interface Filter {
  readonly partner?: string;
  readonly app?: string;
  readonly grant?: string;
  readonly operator?: string;
  readonly limit?: string;
  readonly cursor?: string;
}

export function addRecord(program: OperatorCommand): void {
  program
    .command('record')
    .description('what was changed and looked at, by whom; the newest first')
    .option('--partner <partner>', "the partner's name, its id, or the beginning of either")
    .option('--app <client id>', "the app's client id")
    .option('--grant <id>', 'the id of a grant')
    .option('--operator <name>', 'who did it')
    .option('--limit <number>', 'so many at most (200 if not given, 500 at most)')
    .option('--cursor <next>', 'where the next page begins: `next` of the answer before')
    .example('drawbridge record --partner Tunebox', 'drawbridge record --operator maria --limit 20')
    .does(record);
}

async function record(context: Context, filter: Filter): Promise<void> {
  const { partner, app, grant, operator, limit, cursor } = filter;
  const partnerId = partner === undefined ? undefined : (await partnerNamed(context, partner)).id;
  const query = { partner: partnerId, app, grant, operator, limit, cursor };
  const answer = await context.http.get<{ entries: Entry[]; next?: string }>('/record', query);
  context.answer(answer, () => {
    const rows = answer.entries.map((entry) => [
      second(entry.at),
      entry.actor,
      entry.kind.replaceAll('_', ' '),
      entry.grant ?? entry.app ?? entry.partner ?? '–',
      detailsOf(entry),
    ]);
    context.terminal.printTable(['WHEN', 'WHO', 'WHAT', 'OF', 'DETAILS'], rows, 'Nothing of this is on the record.');
    if (answer.next) context.terminal.note(`There is more: --cursor ${answer.next}`);
  });
}

/** name: Tunebox, scopes: messages.read messages.send */
function detailsOf({ data }: Entry): string {
  const told = Object.entries(data).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  );
  return told.map(([name, value]) => `${name}: ${valueText(value)}`).join(', ');
}

function valueText(value: unknown): string {
  if (Array.isArray(value) && value.every((part) => typeof part !== 'object')) return value.join(' ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
