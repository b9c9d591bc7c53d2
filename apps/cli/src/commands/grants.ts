import type { Context } from '../context.ts';
import { path } from '../http.ts';
import type { OperatorCommand } from '../operator-command.ts';
import { takenText } from '../receipts.ts';
import type { Cell } from '../text/table.ts';
import { day, moment } from '../text/times.ts';
import type { Grant, Receipt } from '../wire.ts';
import { partnerNamed } from './partner-named.ts';

const TITLES = ['PERSON', 'APP', 'STATE', 'SCOPES', 'SINCE', 'ID'];

interface Filter {
  readonly person?: string;
  readonly partner?: string;
  readonly limit?: string;
  readonly after?: string;
}

export function addGrants(program: OperatorCommand): void {
  const grants = program.command('grants').description('what people allowed apps; that you looked is on the record');
  grants
    .command('list')
    .description('grants of a person, of a partner, or of both together; the newest first, ended ones too')
    .option('--person <id>', "the host platform's id of the person")
    .option('--partner <partner>', "the partner's name, its id, or the beginning of either")
    .option('--limit <number>', 'so many at most')
    .option('--after <next>', 'the next page: the `next` of the answer before')
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

async function list(context: Context, { person, partner, limit, after }: Filter): Promise<void> {
  const partnerId = partner === undefined ? undefined : (await partnerNamed(context, partner)).id;
  const answer = await context.http.get<{ grants: Grant[]; next?: string }>('/grants', {
    person,
    partner: partnerId,
    limit,
    after,
  });
  context.answer(answer, () => {
    context.terminal.printTable(TITLES, answer.grants.map(rowOf), 'There are no such grants.');
    if (answer.next) context.terminal.note(`There are more: --after ${answer.next}`);
  });
}

function rowOf(grant: Grant): (string | Cell)[] {
  const { id, person, app, scopes, createdAt } = grant;
  const since = { text: moment(createdAt), short: day(createdAt) };
  return [person, typeof app === 'string' ? app : app.name, stateCell(grant), scopes.join(', '), since, id];
}

function stateCell({ endedAt, endReason, expiresAt }: Grant): Cell {
  if (endedAt) return { text: `ended ${day(endedAt)}${endReason ? `: ${endReason}` : ''}`, style: 'dim' };
  return expiresAt && Date.parse(expiresAt) < Date.now()
    ? { text: 'expired', style: 'dim' }
    : { text: 'stands', style: 'green' };
}

async function end(context: Context, { reason }: { reason: string }, id: string): Promise<void> {
  const change = { method: 'POST', path: path`/grants/${id}/end`, body: { reason } } as const;
  if (!(await context.goOn(change, (whom) => `This ends the grant ${id}: ${whom}.`))) return;
  const answer = await context.take<Receipt>(change);
  context.answer(answer, () => context.terminal.say(takenText('Ended', `the grant ${id}`, answer)));
}
