import type { Context } from '../context.ts';
import { find, shortIds } from '../find.ts';
import { path } from '../http.ts';
import type { OperatorCommand } from '../operator-command.ts';
import type { Cell } from '../text/table.ts';
import { count, day, duration, moment } from '../text/times.ts';
import type { Gateway, Gateways } from '../wire.ts';

export const GATEWAY_TITLES = ['GATEWAY', 'STATE', 'CONNECTIONS', 'LEASE RENEWED', 'CONSENTS', 'UP SINCE', 'INSTANCE'];

export const NO_GATEWAYS = 'No gateway holds a lease.';
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

export function gatewayRows({ gateways, head }: Gateways): (string | Cell)[][] {
  const short = shortIds(named(gateways));
  return gateways.map((gateway) => {
    const { id, instance, connections, leaseMs, ageMs, position, startedAt } = gateway;
    const late = ageMs > leaseMs;
    return [
      id,
      stateCell(gateway),
      NUMBER.format(connections),
      {
        text: `${duration(ageMs)} ago, of ${duration(leaseMs)}`,
        short: `${duration(ageMs)} ago`,
        style: late ? 'red' : undefined,
      },
      position >= head ? 'up to date' : { text: `${NUMBER.format(head - position)} behind`, style: 'yellow' },
      { text: moment(startedAt), short: day(startedAt) },
      { text: instance, short: short.get(instance)! },
    ];
  });
}

/** Beyond its lease it delivers nothing: the process is frozen, cut off or dead. */
function stateCell({ draining, ageMs, leaseMs }: Gateway): Cell {
  if (ageMs > leaseMs) return { text: 'not heard', style: 'red' };
  return draining ? { text: 'draining', style: 'yellow' } : { text: 'serving', style: 'green' };
}

/** By instance, which is unique, and by name, which is to be. */
function named(gateways: readonly Gateway[]) {
  return gateways.map((gateway) => ({ gateway, id: gateway.instance, name: gateway.id }));
}

async function list(context: Context): Promise<void> {
  const answer = await context.http.get<Gateways>('/gateways');
  context.answer(answer, () => context.terminal.printTable(GATEWAY_TITLES, gatewayRows(answer), NO_GATEWAYS));
}

async function drain(context: Context, { reason }: { reason?: string }, reference: string): Promise<void> {
  const { gateways } = await context.http.get<Gateways>('/gateways');
  const { gateway } = find(named(gateways), reference, 'gateway', context.unasked);
  const clients = count(gateway.connections, 'connection');
  const change = {
    method: 'POST',
    path: path`/gateways/${gateway.instance}/drain`,
    ...(reason === undefined ? {} : { body: { reason } }),
  } as const;
  const what = `This drains the gateway ${gateway.id}: its ${clients} go elsewhere, and it takes no new ones.`;
  if (!(await context.agreed(what, { preview: { connections: gateway.connections } }))) return;
  const answer = await context.take<object>(change);
  context.answer(answer, () => context.terminal.say(`The gateway ${gateway.id} drains its ${clients}.`));
}
