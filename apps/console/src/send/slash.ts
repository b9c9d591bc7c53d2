/** What a slash command is given: the console, and the words after its name. */
export interface Slash<Context> {
  readonly name: string;
  /** For the help and the completion, such as `[code] [reason]`. */
  readonly args: string;
  readonly help: string;
  /** What may follow, where that is one of a few words. */
  readonly words?: readonly string[];
  /** Gives what there is to say of it. What it throws says what to do instead. */
  run(context: Context, given: Arguments): string | Promise<string>;
}

/** What was written after a command's name. */
export class Arguments {
  readonly words: readonly string[];

  constructor(
    /** As it was written. */
    readonly text: string,
    private readonly usage: string,
  ) {
    this.words = text.split(/\s+/).filter(Boolean);
  }

  /** A whole number in a range, or what it is when nothing is given. */
  number(index: number, { least, most, otherwise }: { least: number; most: number; otherwise?: number }): number {
    const word = this.words[index];
    if (word === undefined && otherwise !== undefined) return otherwise;
    const value = Number(word);
    if (word === undefined || !Number.isInteger(value) || value < least || value > most)
      throw new Error(`A whole number from ${least} to ${most} is needed: ${this.usage}`);
    return value;
  }

  oneOf<Word extends string>(index: number, words: readonly Word[]): Word {
    const found = words.find((word) => word === this.words[index]);
    if (found === undefined) throw new Error(`One of ${words.join(', ')} is needed: ${this.usage}`);
    return found;
  }

  /** Everything that was written, where something was. */
  whole(): string {
    if (this.text === '') throw new Error(`Something has to follow: ${this.usage}`);
    return this.text;
  }
}

export const usageOf = ({ name, args }: Pick<Slash<never>, 'name' | 'args'>) => `/${name}${args ? ` ${args}` : ''}`;

/** Slash commands by their names, to which other tools add their own. */
export class SlashTable<Context> {
  readonly #commands = new Map<string, Slash<Context>>();

  add(...commands: readonly Slash<Context>[]): void {
    for (const command of commands) this.#commands.set(command.name, command);
  }

  get all(): readonly Slash<Context>[] {
    return [...this.#commands.values()];
  }

  /** Runs a line such as `/close 4000 bye`. */
  async run(context: Context, line: string): Promise<string> {
    const [, name = '', text = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(line.trim()) ?? [];
    if (!line.trim().startsWith('/')) throw new Error('A command begins with a slash: /help lists them.');
    const command = this.#commands.get(name);
    if (command) return command.run(context, new Arguments(text, usageOf(command)));
    const near = this.completions(line)[0] ?? this.#nearest(name);
    throw new Error(`There is no /${name}.${near ? ` Did you mean ${near.trim()}?` : ''} /help lists all.`);
  }

  /** What the line could become, whole: names first, then the words that may follow one. */
  completions(line: string): readonly string[] {
    const [, name = '', space, rest = ''] = /^\/(\S*)(\s+)?(.*)$/.exec(line) ?? [];
    if (!line.startsWith('/')) return [];
    if (space !== undefined) {
      const words = this.#commands.get(name)?.words ?? [];
      return words.filter((word) => word.startsWith(rest) && word !== rest).map((word) => `/${name} ${word}`);
    }
    return this.all
      .filter((command) => command.name.startsWith(name))
      .map((command) => (command.args ? `/${command.name} ` : `/${command.name}`));
  }

  /** One with the same letters to begin with: typing errors are mostly at the end. */
  #nearest(name: string): string | undefined {
    const found = name && this.all.find((command) => command.name.slice(0, 2) === name.slice(0, 2));
    return found ? `/${found.name}` : undefined;
  }
}
