import { debuglog } from 'node:util';
import { Command, type CommanderError, Option } from 'commander';
import { type CommonOptions, Context, DEFAULT_URL } from './context.ts';
import { EXIT_FAILED, EXIT_USAGE, Failure } from './failure.ts';
import { OPERATORS, type Side } from './side.ts';
import { Terminal } from './terminal.ts';

const fault = debuglog('drawbridge');

/** Commander has said all there is to say (help, version). */
class Said extends Failure {}

/** A command whose refusals are one line with the place of its help, and whose help has an example. */
export class OperatorCommand extends Command {
  constructor(name?: string) {
    super(name);
    this.refusing();
    this.configureOutput({ outputError: () => {} });
    this.configureHelp({ showGlobalOptions: true, minWidthToWrap: 20 });
    this.helpOption('-h, --help', 'show this help');
    this.helpCommand(false);
  }

  override createCommand(name?: string): OperatorCommand {
    return new OperatorCommand(name);
  }

  /** Commander hands on how the parent refuses, which would name the parent's help. */
  override copyInheritedSettings(parent: Command): this {
    return super.copyInheritedSettings(parent).refusing();
  }

  /** The options that every command has; on the outermost one. */
  withCommonOptions(): this {
    this.addOption(
      new Option('--url <address>', "the bridge's internal address").env('DRAWBRIDGE_ADMIN_URL').default(DEFAULT_URL),
    );
    this.option(
      '--token-file <file>',
      'where the token is; otherwise DRAWBRIDGE_TOKEN or ADMIN_TOKEN (for import PLATFORM_TOKEN)',
    );
    this.option('--json', "the bridge's answer as one JSON document on stdout");
    return this.option('--yes', 'go on without being asked');
  }

  example(...lines: string[]): this {
    return this.addHelpText(
      'after',
      `\nExample${lines.length > 1 ? 's' : ''}:\n${lines.map((line) => `  ${line}\n`).join('')}`,
    );
  }

  /** For what takes something away. */
  withPreview(): this {
    return this.option('--preview', 'say what would happen, and do nothing');
  }

  /** What the command does, with its arguments and its own options. */
  does<O extends object>(
    run: (context: Context, options: O, ...names: string[]) => Promise<void>,
    side: Side = OPERATORS,
  ): this {
    return this.action(async () => {
      const options = this.optsWithGlobals<CommonOptions & O>();
      await run(new Context(options, new Terminal(), side), options, ...(this.args as string[]));
    });
  }

  private refusing(): this {
    return this.exitOverride((error) => this.refuse(error));
  }

  private refuse(error: CommanderError): never {
    if (error.exitCode === 0) throw new Said('', 0);
    if (error.code === 'commander.help') throw new Said('', EXIT_USAGE);
    const message = error.message.replace(/^error: /, '').replace(/\n\((.*)\)$/, ' ($1)');
    throw new Failure(`${message}; see ${pathOf(this)} --help.`, EXIT_USAGE);
  }
}

/** Runs a command line; resolves to the exit code. */
export async function run(program: Command, words: readonly string[]): Promise<number> {
  try {
    await program.parseAsync(words, { from: 'user' });
    return 0;
  } catch (error) {
    if (!(error instanceof Failure)) {
      fault(String((error as Error).stack ?? error));
      new Terminal().complain(
        `A fault of this command, or a bridge of another version: ${error}. NODE_DEBUG=drawbridge says more.`,
      );
      return EXIT_FAILED;
    }
    if (!(error instanceof Said)) new Terminal().complain(error.message);
    return error.exitCode;
  }
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
