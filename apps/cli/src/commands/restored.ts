import type { Context } from '../context.ts';
import { EXIT_USAGE, Failure } from '../failure.ts';
import type { OperatorCommand } from '../operator-command.ts';
import { concernedText, receiptText } from '../receipts.ts';
import { count } from '../text/times.ts';
import type { Receipt } from '../wire.ts';

interface Options {
  readonly reason?: string;
  readonly keepGrants?: boolean;
}

export function addRestored(program: OperatorCommand): void {
  program
    .command('restored')
    .description('after a restore from a backup: ends all grants, and has every client load anew')
    .option('--reason <text>', 'why, for the record; a preview needs none')
    .option('--keep-grants', 'end none: you know that no consent ended between the backup and the restore')
    .withPreview()
    .example('drawbridge restored --reason "backup of 03:00"')
    .does(restored);
}

async function restored(context: Context, { reason: given, keepGrants }: Options): Promise<void> {
  const reason = given ?? (context.options.preview ? 'a preview' : undefined);
  if (reason === undefined) {
    throw new Failure("required option '--reason <text>' not specified; see drawbridge restored --help.", EXIT_USAGE);
  }
  const change = { method: 'POST', path: '/restored', body: { reason, keepGrants } } as const;
  const clients = 'This has every client load anew, once,';
  const agreed = await context.goOn(change, (preview) =>
    keepGrants
      ? `${clients} and ends no grant: what had ended between the backup and the restore stands again.`
      : `${clients}${concernedText('ends', preview)}: people sign in again.`,
  );
  if (!agreed) return;
  const answer = await context.take<{ receipts: Receipt[] }>(change);
  context.answer(answer, () => {
    const { terminal } = context;
    const grants = answer.receipts.reduce((sum, receipt) => sum + (receipt.grants ?? 0), 0);
    terminal.say(`Every client loads anew. ${count(grants, 'grant')} ended.`);
    const last = answer.receipts.at(-1);
    if (last) terminal.say(receiptText(last));
  });
}
