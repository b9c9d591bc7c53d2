import type { Context } from '../context.ts';
import { path } from '../http.ts';
import type { OperatorCommand } from '../operator-command.ts';
import { takenText } from '../receipts.ts';
import type { Cell } from '../text/table.ts';
import { day, moment } from '../text/times.ts';
import type { Grant, Preview, Receipt } from '../wire.ts';
import { partnerNamed } from './partner-named.ts';

const TITLES = ['PERSON', 'APP', 'STATE', 'SCOPES', 'SINCE', 'LAST CONNECTED', 'ID'];

interface Filter {
  readonly person?: string;
  readonly partner?: string;
  readonly limit?: string;
  readonly cursor?: string;
}

export function addGrants(program: OperatorCommand): void {
  const grants = program.command('grants').description('what people allowed apps; that you looked is on the record');
  grants
    .command('list')
    .description('grants of a person, of a partner, or of both together; the newest first, ended ones too')
    .option('--person <id>', "the host platform's id of the person")
    .option('--partner <partner>', "the partner's name, its id, or the beginning of either")
    .option('--limit <number>', 'so many at most (200 if not given, 500 at most)')
    .option('--cursor <next>', 'where the next page begins: `next` of the answer before')
    .example('drawbridge grants list --person alice', 'drawbridge grants list --partner Tunebox --json')
    .does(list);
  grants
    .command('end')
    .description('end one grant: one sign-in of one person in one app')
    .argument('<id>', 'the id of the grant')
    .requiredOption('--reason <text>', 'why, for the record')
    .withPreview()
    .example('drawbridge grants end 0b8f5a4e-3c53-4d0e-9a2b-6f5d1f1f6a11 --reason "asked for by mail"')
    .does(end);
}

async function list(context: Context, { person, partner, limit, cursor }: Filter): Promise<void> {
  const partnerId = partner === undefined ? undefined : (await partnerNamed(context, partner)).id;
  const query = { person, partner: partnerId, limit, cursor };
  const answer = await context.http.get<{ grants: Grant[]; next?: string }>('/grants', query);
  context.answer(answer, () => {
    context.terminal.printTable(TITLES, answer.grants.map(rowOf), 'There are no such grants.');
    if (answer.next) context.terminal.note(`There are more: --cursor ${answer.next}`);
  });
}

function rowOf(grant: Grant): (string | Cell)[] {
  const { id, person, app, scopes, createdAt, lastConnectedAt } = grant;
  return [
    person,
    app.name,
    stateCell(grant),
    scopes.join(', '),
    { text: moment(createdAt), short: day(createdAt) },
    { text: moment(lastConnectedAt), short: day(lastConnectedAt) },
    id,
  ];
}

function stateCell({ status, endedAt, endReason }: Grant): Cell {
  if (status === 'standing') return { text: 'stands', style: 'green' };
  return { text: `ended${endedAt ? ` ${day(endedAt)}` : ''}: ${endReason}`, style: 'dim' };
}

async function end(context: Context, { reason }: { reason: string }, id: string): Promise<void> {
  const change = { method: 'POST', path: path`/grants/${id}/end`, body: { reason } } as const;
  const says = ({ grants }: Preview) =>
    grants === 0
      ? `The grant ${id} has ended already: this shows its receipt.`
      : `This ends the grant ${id}: one sign-in of one person in one app.`;
  if (!(await context.goOn(change, says))) return;
  const answer = await context.take<Receipt>(change);
  context.answer(answer, () => context.terminal.say(takenText('Ended', `the grant ${id}`, answer)));
}
