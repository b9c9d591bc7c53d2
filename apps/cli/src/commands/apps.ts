import type { Context } from '../context.ts';
import { EXIT_USAGE, Failure } from '../failure.ts';
import { find } from '../find.ts';
import { path } from '../http.ts';
import type { OperatorCommand } from '../operator-command.ts';
import { concernedText, receiptText, takenText } from '../receipts.ts';
import { lostScopes, SCOPES, splitScopes } from '../scopes.ts';
import type { App, Partner, Preview, Receipt } from '../wire.ts';
import { partnerNamed } from './partner-named.ts';

export const APP_TITLES = ['APP', 'CLIENT ID', 'KIND', 'SCOPES'];
const PARTNER = "the partner's name, its id, or the beginning of either";
const APP = "the app's client id, its name, or the beginning of either";

interface Details {
  readonly clientId?: string;
  readonly name?: string;
  readonly kind?: string;
  readonly redirect?: string[];
  readonly scopes?: string;
  readonly dpop?: boolean;
}

export function addApps(program: OperatorCommand): void {
  const apps = program
    .command('apps')
    .description("the partners' apps: what each may ask for, and where it is sent back to");
  apps
    .command('list')
    .description('the apps of a partner')
    .argument('<partner>', PARTNER)
    .example('drawbridge apps list Tunebox')
    .does(list);
  details(apps.command('create').description('register an app of a partner').argument('<partner>', PARTNER), true)
    .example(
      'drawbridge apps create Tunebox --kind native \\',
      '  --client-id tunebox-desktop --name "Tunebox for Desktop" \\',
      '  --redirect http://127.0.0.1/callback \\',
      '  --scopes messages.read,messages.send',
    )
    .does(create);
  details(
    apps
      .command('update')
      .description('change an app; fewer scopes narrow its live grants at once')
      .argument('<partner>', PARTNER)
      .argument('<app>', APP),
    false,
  )
    .withPreview()
    .example('drawbridge apps update Tunebox tunebox-desktop --scopes messages.read')
    .does(update);
  apps
    .command('remove')
    .description('remove an app and end all its grants, for good')
    .argument('<partner>', PARTNER)
    .argument('<app>', APP)
    .requiredOption('--reason <text>', 'why, for the record')
    .withPreview()
    .example('drawbridge apps remove Tunebox tunebox-desktop --reason "replaced by tunebox-2"')
    .does(remove);
}

export function appRows(apps: readonly App[]): string[][] {
  return apps.map(({ name, clientId, kind, scopes }) => [name, clientId, kind, scopes.join(', ') || 'none']);
}

function details(command: OperatorCommand, needed: boolean): OperatorCommand {
  const option = (flags: string, description: string) =>
    needed ? command.requiredOption(flags, description) : command.option(flags, description);
  option('--name <name>', 'as people read it on the consent page');
  if (needed) {
    command.option('--client-id <id>', 'its OAuth client id; the bridge makes one if not given');
    command.requiredOption('--kind <kind>', 'native (a desktop or phone), device (a TV), or web');
  }
  option('--scopes <scopes>', `what it may ask for, with commas: ${SCOPES.join(', ')}`);
  command.option('--redirect <address...>', 'where the browser is sent back to; a device needs none');
  return command.option('--dpop', 'its tokens are bound to a key of its own').option('--no-dpop', 'they need not be');
}

function bodyOf({ clientId, name, kind, redirect, scopes, dpop }: Details): object {
  return {
    clientId,
    name,
    kind,
    redirectUris: redirect ?? (kind === 'device' ? [] : undefined),
    scopes: scopes === undefined ? undefined : splitScopes(scopes),
    requiresDpop: dpop,
  };
}

async function appNamed(context: Context, partner: Partner, reference: string): Promise<App> {
  const { apps } = await context.http.get<{ apps: App[] }>(path`/partners/${partner.id}/apps`);
  const named = apps.map((app) => ({ ...app, id: app.clientId }));
  return find(named, reference, `app of ${partner.name}`, context.unasked);
}

async function list(context: Context, _options: object, name: string): Promise<void> {
  const { id } = await partnerNamed(context, name);
  const answer = await context.http.get<{ apps: App[] }>(path`/partners/${id}/apps`);
  context.answer(answer, () =>
    context.terminal.printTable(APP_TITLES, appRows(answer.apps), 'It has no apps yet: drawbridge apps create.'),
  );
}

async function create(context: Context, options: Details, name: string): Promise<void> {
  const { id } = await partnerNamed(context, name, true);
  const app = await context.http.change<App>('POST', path`/partners/${id}/apps`, bodyOf(options));
  context.answer(app, () => printApp(context, app));
}

async function update(context: Context, options: Details, partnerName: string, appName: string): Promise<void> {
  const body = bodyOf(options);
  if (Object.values(body).every((value) => value === undefined)) {
    throw new Failure('Nothing to change was given; see drawbridge apps update --help.', EXIT_USAGE);
  }
  const partner = await partnerNamed(context, partnerName, true);
  const before = await appNamed(context, partner, appName);
  const change = { method: 'PATCH', path: path`/partners/${partner.id}/apps/${before.clientId}`, body } as const;
  const lost = lostScopes(before.scopes, options.scopes);
  if (lost.length > 0 || context.options.preview) {
    const says = (preview: Preview) =>
      `This takes ${lost.join(', ') || 'nothing'} from the app ${before.name}${concernedText('narrows', preview)}.`;
    if (!(await context.goOn(change, says))) return;
  }
  const after = await context.take<App & { receipt?: Receipt }>(change);
  context.answer(after, () => {
    printApp(context, after);
    if (after.receipt) context.terminal.say(receiptText(after.receipt));
  });
}

async function remove(
  context: Context,
  { reason }: { reason: string },
  partnerName: string,
  appName: string,
): Promise<void> {
  const partner = await partnerNamed(context, partnerName, true);
  const app = await appNamed(context, partner, appName);
  const change = {
    method: 'DELETE',
    path: path`/partners/${partner.id}/apps/${app.clientId}`,
    body: { reason },
  } as const;
  const says = (preview: Preview) =>
    `This removes the app ${app.name} of ${partner.name} for good${concernedText('ends', preview)}.`;
  if (!(await context.goOn(change, says))) return;
  const answer = await context.take<Receipt>(change);
  context.answer(answer, () => context.terminal.say(takenText('Removed', app.name, answer)));
}

function printApp({ terminal }: Context, app: App): void {
  terminal.printBlock([
    ['name', app.name],
    ['client id', app.clientId],
    ['kind', app.kind],
    ['scopes', app.scopes.join(', ') || 'none'],
    ['sent back to', app.redirectUris.join(' ') || 'nowhere'],
    ['DPoP', app.requiresDpop ? 'required' : 'not required'],
  ]);
}
