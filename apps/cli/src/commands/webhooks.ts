import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import type { OperatorCommand } from '../operator-command.ts';
import { ago, count, duration, moment } from '../text/times.ts';
import type { WebhooksState, WebhookTest } from '../wire.ts';

const FAILING_TITLES = ['FAILING EVENT', 'TYPE', 'OF', 'ATTEMPTS', 'NEXT TRY', 'LAST ERROR'];
const TITLES = ['PARKED EVENT', 'TYPE', 'HAPPENED', 'PARKED', 'ATTEMPTS', 'LAST ERROR'];
const NUMBER = new Intl.NumberFormat('en');

export function addWebhooks(program: OperatorCommand): void {
  const webhooks = program.command('webhooks').description('what the host platform is told of');
  webhooks
    .command('list')
    .description('what waits, which events fail and why, and what could not be told for three days and is parked')
    .example('drawbridge webhooks list')
    .does(list);
  webhooks
    .command('replay')
    .description('tell of parked events after all')
    .argument('[events...]', 'their ids')
    .option('--all', 'all that are parked')
    .example('drawbridge webhooks replay --all')
    .does<{ all?: boolean }>(replay);
  webhooks
    .command('test')
    .description('send the receiver one signed event of the type webhook.test, now')
    .example('drawbridge webhooks test')
    .does(test);
}

async function list(context: Context): Promise<void> {
  const answer = await context.http.get<WebhooksState>('/webhooks');
  const { url, wanted, waiting, oldestAt, failing, lastError, parked, events, failingEvents } = answer;
  context.answer(answer, () => {
    context.terminal.printBlock([
      ['Receiver', url ?? (wanted ? 'known to another process' : 'none: PLATFORM_WEBHOOK_URL is not set')],
      ['Waiting', `${NUMBER.format(waiting)}${oldestAt ? `, the oldest from ${ago(oldestAt)}` : ''}`],
      ['Failing', failing === 0 ? 'none' : `${NUMBER.format(failing)}: it ${lastError}`],
      ['Parked', NUMBER.format(parked)],
    ]);
    if (failingEvents.length > 0) {
      const rows = failingEvents.map(({ id, type, key, attempts, lastError: error, nextTryAt }) => [
        id,
        type,
        // A message's is its conversation, whose later events wait.
        key.startsWith('grant ') ? key : `conversation ${key}`,
        String(attempts),
        nextTryAt ? { text: moment(nextTryAt), short: ago(nextTryAt) } : '–',
        error ?? '',
      ]);
      context.terminal.print('');
      context.terminal.printTable(FAILING_TITLES, rows, '');
    }
    if (events.length === 0) return;
    const rows = events.map(({ id, type, at, parkedAt, attempts, lastError: error }) => [
      id,
      type,
      { text: moment(at), short: ago(at) },
      { text: moment(parkedAt), short: ago(parkedAt) },
      String(attempts),
      error ?? '',
    ]);
    context.terminal.print('');
    context.terminal.printTable(TITLES, rows, '');
  });
}

async function replay(context: Context, { all }: { all?: boolean }, ...ids: string[]): Promise<void> {
  if (ids.length > 0 === (all === true)) throw new Failure('Name events, or --all of them.', 2);
  const answer = await context.http.change<{ replayed: number }>('POST', '/webhooks/replay', all ? {} : { ids });
  context.answer(answer, () =>
    context.terminal.say(
      answer.replayed === 0 ? 'No such event is parked.' : `${count(answer.replayed, 'event')} will be told again.`,
    ),
  );
}

async function test(context: Context): Promise<void> {
  const answer = await context.http.change<WebhookTest>('POST', '/webhooks/test');
  const { url, told, ms, error } = answer;
  context.answer(answer, () => {
    if (told) context.terminal.say(`${url} took it, in ${duration(ms)}.`);
  });
  if (!told) throw new Failure(`${url} ${error}.`);
}
