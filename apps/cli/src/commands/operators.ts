import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { find } from '../find.ts';
import { path } from '../http.ts';
import type { OperatorCommand } from '../operator-command.ts';
import type { Cell } from '../text/table.ts';
import { day, moment } from '../text/times.ts';
import type { Operator } from '../wire.ts';

export function addOperators(program: OperatorCommand): void {
  const operators = program
    .command('operators')
    .description('who may use this command, each with a token of their own');
  operators
    .command('list')
    .description('their names; tokens are kept hashed')
    .example('drawbridge operators list')
    .does(list);
  operators
    .command('create')
    .description('a new operator; the token is shown this once')
    .argument('<name>', 'as it will stand on the record')
    .example('drawbridge operators create maria', '(umask 077; drawbridge operators create ci > token)')
    .does(create);
  operators
    .command('remove')
    .description('an operator whose token is good no more')
    .argument('<name>', 'the name, or the beginning of it')
    .withPreview()
    .example('drawbridge operators remove maria')
    .does(remove);
}

async function list(context: Context): Promise<void> {
  const answer = await context.http.get<{ operators: Operator[] }>('/operators');
  context.answer(answer, () =>
    context.terminal.printTable(
      ['NAME', 'SINCE', 'MADE BY', 'LAST USED'],
      answer.operators.map(rowOf),
      'There is nobody but root, whose token is ADMIN_TOKEN.',
    ),
  );
}

function rowOf({ name, createdAt, createdBy, lastUsedAt }: Operator): (string | Cell)[] {
  const [since, used] = [createdAt, lastUsedAt].map((at) => ({ text: moment(at), short: day(at) }));
  return [name, since!, createdBy, used!];
}

async function create(context: Context, _options: object, name: string): Promise<void> {
  const answer = await context.http.change<Operator & { token: string }>('POST', '/operators', { name });
  context.answer(answer, () => {
    context.terminal.note(`The token of ${name}, shown this once; it goes into DRAWBRIDGE_TOKEN:`);
    context.terminal.print(answer.token);
  });
}

async function remove(context: Context, _options: object, reference: string): Promise<void> {
  if (reference === 'root') {
    throw new Failure('root is whoever has ADMIN_TOKEN: it goes when the bridges are started without it.');
  }
  const { operators } = await context.http.get<{ operators: Operator[] }>('/operators');
  const named = operators.map(({ name }) => ({ id: name, name }));
  const { name } = find(named, reference, 'operator', context.unasked);
  const what = `This removes the operator ${name}: the token is good no more.`;
  if (!(await context.agreed(what, { operator: name }))) return;
  const answer = await context.http.change<object>('DELETE', path`/operators/${name}`);
  context.answer(answer, () => context.terminal.say(`Removed the operator ${name}.`));
}
