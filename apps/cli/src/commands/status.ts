import type { Context } from '../context.ts';
import type { OperatorCommand } from '../operator-command.ts';
import type { Gateways } from '../wire.ts';
import { printGateways } from './gateways.ts';
import { allPartners } from './partner-named.ts';
import { needsLook, PARTNER_TITLES, partnerRows } from './partners.ts';

export function addStatus(program: OperatorCommand): void {
  program
    .command('status')
    .description('one look: the gateways, and the partners that need somebody')
    .example('drawbridge status')
    .does(status);
}

async function status(context: Context): Promise<void> {
  const { terminal, http } = context;
  const gateways = await http.get<Gateways>('/gateways');
  const partners = await allPartners(http);
  const waiting = partners.filter(needsLook);
  context.answer({ ...gateways, partners: waiting }, () => {
    printGateways(terminal, gateways);
    terminal.print('');
    const none = 'No partner waits for approval, is suspended, is about to end, or is due for review within 30 days.';
    terminal.printTable(PARTNER_TITLES, partnerRows(waiting, partners), none);
  });
}
