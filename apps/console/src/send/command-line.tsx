import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import type { Seat } from '../people/seat.js';
import { CommandField } from './command-field.js';
import { type Said, SaidLine } from './said-line.js';
import { SLASH } from './slash-commands.js';

/** Runs a line for one person, and says on the page what came of it. True when it worked. */
export async function runSlash(console: Console, seat: Seat, line: string): Promise<boolean> {
  const ran = await outcomeOf(console, seat, line);
  console.slash.value = ran;
  if (!ran.failed) console.say(ran.words);
  return !ran.failed;
}

async function outcomeOf(console: Console, seat: Seat, line: string): Promise<Said> {
  try {
    return { words: await SLASH.run({ console, seat }, line), failed: false, at: Date.now() };
  } catch (error) {
    return { words: (error as Error).message, failed: true, at: Date.now() };
  }
}

/** Where slash commands are typed, whatever else the panel shows. */
export const CommandLine: FunctionComponent<{ console: Console }> = ({ console }) => {
  const line = useSignal('');
  return (
    <form
      class="command-line"
      onSubmit={async (event) => {
        event.preventDefault();
        const typed = line.value.trim();
        if (typed !== '' && (await runSlash(console, console.seat, typed))) line.value = '';
      }}
    >
      <div class="line">
        <CommandField id="slash" label="Command" value={line} placeholder="/help" />
        <button type="submit">Run</button>
      </div>
      <SaidLine
        of={console.slash.value}
        onDismiss={() => {
          console.slash.value = undefined;
        }}
      />
    </form>
  );
};
