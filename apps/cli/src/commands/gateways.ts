import type { Context } from '../context.ts';
import { find, shortIds } from '../find.ts';
import { path } from '../http.ts';
import type { OperatorCommand } from '../operator-command.ts';
import type { Terminal } from '../terminal.ts';
import type { Cell } from '../text/table.ts';
import { ago, count, duration, moment } from '../text/times.ts';
import type { Gateway, Gateways } from '../wire.ts';

const TITLES = ['GATEWAY', 'STATE', 'CONNECTIONS', 'LEASE RENEWED', 'CONSENTS', 'UP SINCE'];
const NO_GATEWAYS = 'No gateway holds a lease.';
const NUMBER = new Intl.NumberFormat('en');

export function addGateways(program: OperatorCommand): void {
  const gateways = program.command('gateways').description('the processes that hold connections');
  gateways
    .command('list')
    .description('each gateway: its lease, its connections, how far it has read the consents')
    .example('drawbridge gateways list')
    .does(list);
  gateways
    .command('drain')
    .description('send the clients of a gateway to the others, gently; it takes no new ones')
    .argument('<gateway>', 'its name, its instance, or the beginning of either')
    .option('--reason <text>', 'why, for the record')
    .withPreview()
    .example('drawbridge gateways drain gw-2')
    .does(drain);
}

/** With the instance where two have one name, so that each can be told and drained. */
export function printGateways(terminal: Terminal, { gateways, consentHead }: Gateways): void {
  const short = shortIds(named(gateways));
  const instances = new Set(gateways.map(({ id }) => id)).size < gateways.length;
  const rows = gateways.map((gateway): (string | Cell)[] => {
    const { id, instance, connections, lease, consentPosition, startedAt } = gateway;
    const renewed = `${duration(lease.ageMs)} ago`;
    return [
      id,
      stateCell(gateway),
      NUMBER.format(connections),
      { text: `${renewed}, of ${duration(lease.ms)}`, short: renewed, style: isLate(gateway) ? 'red' : undefined },
      consentPosition >= consentHead
        ? 'up to date'
        : { text: `${NUMBER.format(consentHead - consentPosition)} behind`, style: 'yellow' },
      { text: moment(startedAt), short: ago(startedAt) },
      ...(instances ? [{ text: instance, short: short.get(instance)! }] : []),
    ];
  });
  terminal.printTable(instances ? [...TITLES, 'INSTANCE'] : TITLES, rows, NO_GATEWAYS);
}

function stateCell(gateway: Gateway): Cell {
  if (isLate(gateway)) return { text: 'not heard', style: 'red' };
  return gateway.draining ? { text: 'draining', style: 'yellow' } : { text: 'serving', style: 'green' };
}

/** Beyond its lease it delivers nothing: the process is frozen, cut off or dead. */
function isLate({ lease }: Gateway): boolean {
  return lease.ageMs > lease.ms;
}

/** By instance, which is unique, and by name, which is to be. */
function named(gateways: readonly Gateway[]) {
  return gateways.map((gateway) => ({ gateway, id: gateway.instance, name: gateway.id }));
}

async function list(context: Context): Promise<void> {
  const answer = await context.http.get<Gateways>('/gateways');
  context.answer(answer, () => printGateways(context.terminal, answer));
}

async function drain(context: Context, { reason }: { reason?: string }, reference: string): Promise<void> {
  const { gateways } = await context.http.get<Gateways>('/gateways');
  const { gateway } = find(named(gateways), reference, 'gateway', context.unasked);
  const clients = count(gateway.connections, 'connection');
  const change = { method: 'POST', path: path`/gateways/${gateway.instance}/drain`, body: { reason } } as const;
  const what = `This drains the gateway ${gateway.id}: its ${clients} ${gateway.connections === 1 ? 'goes' : 'go'} elsewhere, and it takes no new ones.`;
  if (!(await context.goOn(change, () => what))) return;
  const answer = await context.http.change<{ message?: string }>(change.method, change.path, change.body);
  context.answer(answer, () =>
    context.terminal.say(`The gateway ${gateway.id} drains its ${clients}. ${answer.message ?? ''}`.trim()),
  );
}
