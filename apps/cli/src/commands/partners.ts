import { Option } from 'commander';
import type { Context } from '../context.ts';
import { EXIT_USAGE, Failure } from '../failure.ts';
import { shortIds } from '../find.ts';
import { path } from '../http.ts';
import type { OperatorCommand } from '../operator-command.ts';
import { concernedText, receiptText, takenText } from '../receipts.ts';
import { lostScopes, SCOPES, splitScopes } from '../scopes.ts';
import type { Cell } from '../text/table.ts';
import { day, moment, readTime } from '../text/times.ts';
import type { App, Partner, Preview, Receipt } from '../wire.ts';
import { APP_TITLES, appRows } from './apps.ts';
import { allPartners, partnerNamed } from './partner-named.ts';

const STATUS_STYLE = { pending: 'cyan', approved: 'green', suspended: 'yellow', ended: 'red' } as const;
const SOON_MS = 30 * 86_400_000;

export const PARTNER_TITLES = ['NAME', 'STATUS', 'REVIEW DUE', 'ID'];

interface Details {
  readonly name?: string;
  readonly homepage?: string;
  readonly privacyUrl?: string;
  readonly contact?: string;
  readonly scopes?: string;
  readonly reviewDue?: string;
  readonly ends?: string;
}

interface Ending {
  readonly reason: string;
  readonly at?: string;
}

export function addPartners(program: OperatorCommand): void {
  const partners = program.command('partners').description('who may build on the bridge: their review and their end');

  partners
    .command('list')
    .description('every partner, with its status and when its review is due')
    .option('--status <status>', 'only those that are pending, approved, suspended or ended')
    .example('drawbridge partners list', 'drawbridge partners list --json | jq ".partners[].name"')
    .does(list);
  partners
    .command('show')
    .description('one partner with its apps')
    .argument('<partner>', 'its name, its id, or the beginning of either')
    .example('drawbridge partners show Tunebox')
    .does(show);
  details(partners.command('create').description('register a partner; it is pending until it is approved'), true)
    .example(
      'drawbridge partners create --name Tunebox \\',
      '  --homepage https://tunebox.example \\',
      '  --privacy-url https://tunebox.example/privacy \\',
      '  --contact bridge@tunebox.example \\',
      '  --scopes messages.read,messages.send,profile \\',
      '  --review-due 2027-06-30',
    )
    .does(create);
  details(
    partners
      .command('update')
      .description('change what is known of a partner, or its ceiling of scopes')
      .argument('<partner>', 'its name, its id, or the beginning of either'),
    false,
  )
    .withPreview()
    .example(
      'drawbridge partners update Tunebox --review-due 2027-12-31',
      'drawbridge partners update Tunebox --scopes messages.read --preview',
    )
    .does(update);
  partners
    .command('approve')
    .description('let a pending partner begin')
    .argument('<partner>', 'its name, its id, or the beginning of either')
    .option('--reason <text>', 'why, for the record')
    .example('drawbridge partners approve Tunebox --reason "reviewed by legal"')
    .does((context, options: Partial<Ending>, name) => raise(context, options, name, 'approve'));
  partners
    .command('suspend')
    .description('end all grants of a partner and let it make no new ones until it is resumed')
    .argument('<partner>', 'its name, its id, or the beginning of either')
    .requiredOption('--reason <text>', 'why, for the record')
    .withPreview()
    .example('drawbridge partners suspend Tunebox --reason "tokens leaked"')
    .does((context, options: Ending, name) => takeAway(context, options, name, 'suspend'));
  partners
    .command('resume')
    .description('let a suspended partner go on; grants that ended stay ended')
    .argument('<partner>', 'its name, its id, or the beginning of either')
    .option('--reason <text>', 'why, for the record')
    .example('drawbridge partners resume Tunebox --reason "the leak is mended"')
    .does((context, options: Partial<Ending>, name) => raise(context, options, name, 'resume'));
  partners
    .command('end')
    .description('end a partner and all its grants, for good, now or on a day')
    .argument('<partner>', 'its name, its id, or the beginning of either')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--at <date>', 'when: 2026-12-31 or 2026-12-31T18:00Z, in UTC; now if not given')
    .withPreview()
    .example(
      'drawbridge partners end Tunebox --reason "contract ended" --at 2026-12-31',
      'drawbridge partners end Tunebox --reason "contract ended" --preview',
    )
    .does((context, options: Ending, name) => takeAway(context, options, name, 'end'));
}

/** `all` are those among which an id is to be told. */
export function partnerRows(partners: readonly Partner[], all: readonly Partner[] = partners): (string | Cell)[][] {
  const short = shortIds(all);
  return partners.map((partner) => [
    partner.name,
    statusCell(partner),
    reviewCell(partner),
    { text: partner.id, short: short.get(partner.id)! },
  ]);
}

/** Pending, suspended, about to end, or soon due for review. */
export function needsLook(partner: Partner): boolean {
  const { status, endsAt } = partner;
  if (status === 'ended') return false;
  return status !== 'approved' || Boolean(endsAt) || reviewInMs(partner) < SOON_MS;
}

/** The things that are known of a partner: all needed for a new one, each optional for a change. */
function details(command: OperatorCommand, needed: boolean): OperatorCommand {
  const option = (flags: string, description: string) =>
    needed ? command.requiredOption(flags, description) : command.option(flags, description);
  option('--name <name>', 'as people read it on the consent page');
  option('--homepage <address>', 'its site');
  option('--privacy-url <address>', 'its privacy policy');
  option('--contact <address>', 'whom operators write to');
  option('--scopes <scopes>', `the most that its apps may have, with commas: ${SCOPES.join(', ')}`);
  if (!needed) command.addOption(new Option('--ends <none>', 'take a planned end back').choices(['none']));
  return command.option(
    '--review-due <date>',
    `when it is to be reviewed again: unless somebody sets another day before, it is suspended then, and its grants end${needed ? '' : '; "none" for no review'}`,
  );
}

function bodyOf({ name, homepage, privacyUrl, contact, scopes, reviewDue, ends }: Details): object {
  return {
    name,
    homepage,
    privacyUrl,
    contact,
    scopes: scopes === undefined ? undefined : splitScopes(scopes),
    reviewDueAt:
      reviewDue === undefined ? undefined : reviewDue === 'none' ? null : readTime(reviewDue, '--review-due'),
    endsAt: ends === undefined ? undefined : null,
  };
}

async function list(context: Context, { status }: { status?: string }): Promise<void> {
  const partners = await allPartners(context.http, status);
  const none =
    status === undefined ? 'There are no partners yet: drawbridge partners create.' : `No partner is ${status}.`;
  context.answer({ partners }, () => context.terminal.printTable(PARTNER_TITLES, partnerRows(partners), none));
}

async function show(context: Context, _options: object, name: string): Promise<void> {
  const { id } = await partnerNamed(context, name);
  const partner = await context.http.get<Partner>(path`/partners/${id}`);
  const { apps } = await context.http.get<{ apps: App[] }>(path`/partners/${id}/apps`);
  context.answer({ ...partner, apps }, () => {
    printPartner(context, partner);
    context.terminal.print('');
    context.terminal.printTable(APP_TITLES, appRows(apps), 'It has no apps yet: drawbridge apps create.');
  });
}

async function create(context: Context, options: Details): Promise<void> {
  const partner = await context.http.change<Partner>('POST', '/partners', bodyOf(options));
  context.answer(partner, () => {
    printPartner(context, partner);
    context.terminal.note('It is pending: drawbridge partners approve lets it begin.');
  });
  await noteNamesakes(context, partner);
}

/** People read the name on the consent page, and nothing else that tells two partners apart. */
async function noteNamesakes(context: Context, { id, name }: Partner): Promise<void> {
  const isNamesake = (other: Partner) =>
    other.id !== id && other.status !== 'ended' && other.name.toLowerCase() === name.toLowerCase();
  if ((await allPartners(context.http)).some(isNamesake))
    context.terminal.note(`Another partner is called ${name} too: people cannot tell the two apart.`);
}

async function update(context: Context, options: Details, name: string): Promise<void> {
  const body = bodyOf(options);
  if (Object.values(body).every((value) => value === undefined)) {
    throw new Failure('Nothing to change was given; see drawbridge partners update --help.', EXIT_USAGE);
  }
  const before = await partnerNamed(context, name, true);
  const change = { method: 'PATCH', path: path`/partners/${before.id}`, body } as const;
  const lost = lostScopes(before.scopes, options.scopes);
  const isOverdue = before.status === 'approved' && isPast(options.reviewDue);
  if (lost.length > 0 || isOverdue || context.options.preview) {
    const says = (preview: Preview) =>
      isOverdue
        ? `This leaves the review of ${before.name} overdue, which suspends it${concernedText('ends', preview)}.`
        : `This takes ${lost.join(', ') || 'nothing'} from the partner ${before.name}${concernedText('narrows', preview)}.`;
    if (!(await context.goOn(change, says))) return;
  }
  const after = await context.take<Partner & { receipt?: Receipt }>(change);
  context.answer(after, () => {
    printPartner(context, after);
    if (after.receipt) context.terminal.say(receiptText(after.receipt));
  });
  if (options.name !== undefined) await noteNamesakes(context, after);
}

function isPast(day: string | undefined): boolean {
  return day !== undefined && day !== 'none' && Date.parse(readTime(day, '--review-due')) <= Date.now();
}

async function raise(
  context: Context,
  options: Partial<Ending>,
  name: string,
  step: 'approve' | 'resume',
): Promise<void> {
  const { id } = await partnerNamed(context, name, true);
  const partner = await context.http.change<Partner>('POST', path`/partners/${id}/${step}`, { reason: options.reason });
  context.answer(partner, () => printPartner(context, partner));
}

async function takeAway(
  context: Context,
  { reason, at }: Ending,
  name: string,
  step: 'suspend' | 'end',
): Promise<void> {
  const when = at === undefined ? undefined : readTime(at, '--at');
  const partner = await partnerNamed(context, name, true);
  const change = { method: 'POST', path: path`/partners/${partner.id}/${step}`, body: { reason, at: when } } as const;
  const what = step === 'suspend' ? 'suspends' : 'ends';
  const until = step === 'suspend' ? '' : ` for good${when ? ` on ${moment(when)}` : ''}`;
  const says = (preview: Preview) =>
    `This ${what} the partner ${partner.name}${until}${concernedText('ends', preview)}.`;
  if (!(await context.goOn(change, says))) return;
  const answer = await context.take<Receipt | { endsAt: string }>(change);
  context.answer(answer, () =>
    context.terminal.say(takenText(step === 'end' ? 'Ended' : 'Suspended', partner.name, answer)),
  );
}

function printPartner({ terminal }: Context, partner: Partner): void {
  const { status, endsAt, endsReason } = partner;
  terminal.printBlock([
    ['name', partner.name],
    ['id', partner.id],
    ['status', { text: statusText(partner), style: STATUS_STYLE[partner.status] }],
    ...(endsAt && status !== 'ended' ? [['ends', `${moment(endsAt)}${because(endsReason)}`] as const] : []),
    ['review due', reviewCell(partner)],
    ['scopes', partner.scopes.join(', ') || 'none'],
    ['homepage', partner.homepage],
    ['privacy', partner.privacyUrl],
    ['contact', partner.contact],
  ]);
}

/** suspended since 2026-11-25 15:04 UTC (3 days ago) by maria: tokens leaked */
function statusText({ status, statusSince, statusBy, statusReason }: Partner): string {
  if (!statusSince) return status;
  return `${status} since ${moment(statusSince)}${statusBy ? ` by ${statusBy}` : ''}${because(statusReason)}`;
}

function because(reason: string | null): string {
  return reason ? `: ${reason}` : '';
}

function statusCell({ status, endsAt }: Partner): Cell {
  if (!endsAt || status === 'ended') return { text: status, style: STATUS_STYLE[status] };
  return { text: `${status} until ${endsAt.slice(0, 10)}`, style: 'yellow' };
}

function reviewCell(partner: Partner): Cell {
  const inMs = reviewInMs(partner);
  const style = inMs < 0 ? 'red' : inMs < SOON_MS ? 'yellow' : undefined;
  return { text: moment(partner.reviewDueAt), short: day(partner.reviewDueAt), style };
}

function reviewInMs({ reviewDueAt, status }: Partner): number {
  return reviewDueAt && status !== 'ended' ? Date.parse(reviewDueAt) - Date.now() : Number.POSITIVE_INFINITY;
}
