import type { Context } from '../context.ts';
import { find } from '../find.ts';
import { path } from '../http.ts';
import type { OperatorCommand } from '../operator-command.ts';
import type { Cell } from '../text/table.ts';
import { count } from '../text/times.ts';
import type { Gateway } from '../wire.ts';

export const GATEWAY_TITLES = ['GATEWAY', 'STATE', 'CONNECTIONS'];

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
    .argument('<gateway>', 'its id, or the beginning of it')
    .withPreview()
    .example('drawbridge gateways drain gw-2')
    .does(drain);
}

export function gatewayRows(gateways: readonly Gateway[]): (string | Cell)[][] {
  return gateways.map(({ id, draining, connections }) => [
    id,
    draining ? { text: 'draining', style: 'yellow' } : { text: 'serving', style: 'green' },
    String(connections),
  ]);
}

async function list(context: Context): Promise<void> {
  const answer = await context.http.get<{ gateways: Gateway[] }>('/gateways');
  context.answer(answer, () =>
    context.terminal.printTable(GATEWAY_TITLES, gatewayRows(answer.gateways), 'No gateway holds a lease.'),
  );
}

async function drain(context: Context, _options: object, name: string): Promise<void> {
  const { gateways } = await context.http.get<{ gateways: Gateway[] }>('/gateways');
  const named = gateways.map((gateway) => ({ ...gateway, name: gateway.id }));
  const gateway = find(named, name, 'gateway', context.unasked);
  const change = { method: 'POST', path: path`/gateways/${gateway.id}/drain` } as const;
  const clients = count(gateway.connections, 'connection');
  if (!(await context.goOn(change, () => `This drains the gateway ${gateway.id}: its ${clients} go elsewhere.`)))
    return;
  const answer = await context.http.change<object>(change.method, change.path);
  context.answer(answer, () => context.terminal.say(`The gateway ${gateway.id} drains its ${clients}.`));
}
