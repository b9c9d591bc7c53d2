import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import type { Seat } from '../people/seat.js';
import { CommandField } from './command-field.js';
import { SLASH } from './slash-commands.js';

/** Runs a line for one person, and says on the page what came of it. True when it worked. */
export async function runSlash(console: Console, seat: Seat, line: string): Promise<boolean> {
  try {
    const said = await SLASH.run({ console, seat }, line);
    console.slash.value = { said, failed: false };
    console.say(said);
    return true;
  } catch (error) {
    console.slash.value = { said: (error as Error).message, failed: true };
    return false;
  }
}

/** Where slash commands are typed, whatever else the panel shows. */
export const CommandLine: FunctionComponent<{ console: Console }> = ({ console }) => {
  const line = useSignal('');
  const { said, failed } = console.slash.value;
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
      {said && (
        <p class={failed ? 'problem' : 'said'} role={failed ? 'alert' : undefined}>
          {said}
        </p>
      )}
    </form>
  );
};
