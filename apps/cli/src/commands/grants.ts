import type { Context } from '../context.ts';
import { path } from '../http.ts';
import type { OperatorCommand } from '../operator-command.ts';
import { takenText } from '../receipts.ts';
import { moment } from '../text/times.ts';
import type { Grant, Receipt } from '../wire.ts';
import { partnerNamed } from './partner-named.ts';

interface Filter {
  readonly person?: string;
  readonly partner?: string;
}

export function addGrants(program: OperatorCommand): void {
  const grants = program.command('grants').description('what people allowed apps; that you looked is on the record');
  grants
    .command('list')
    .description('grants of a person, of a partner, or of both together')
    .option('--person <id>', "the host platform's id of the person")
    .option('--partner <partner>', "the partner's name, its id, or the beginning of either")
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

async function list(context: Context, { person, partner }: Filter): Promise<void> {
  const partnerId = partner === undefined ? undefined : (await partnerNamed(context, partner)).id;
  const answer = await context.http.get<{ grants: Grant[]; next?: string }>('/grants', { person, partner: partnerId });
  context.answer(answer, () => {
    context.terminal.printTable(
      ['PERSON', 'APP', 'SCOPES', 'SINCE', 'ID'],
      answer.grants.map(rowOf),
      'There are no such grants.',
    );
    if (answer.next) context.terminal.note('There are more.');
  });
}

function rowOf({ person, app, scopes, createdAt, id }: Grant): string[] {
  return [person, typeof app === 'string' ? app : app.name, scopes.join(', '), moment(createdAt), id];
}

async function end(context: Context, { reason }: { reason: string }, id: string): Promise<void> {
  const change = { method: 'POST', path: path`/grants/${id}/end`, body: { reason } } as const;
  if (!(await context.goOn(change, (whom) => `This ends the grant ${id}: ${whom}.`))) return;
  const answer = await context.take<Receipt>(change);
  context.answer(answer, () => context.terminal.say(takenText('Ended', `the grant ${id}`, answer)));
}
