import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { ActorChoice } from '../parts/actor-choice.js';

/** A frame as the tester writes it. */
export const Send: FunctionComponent<{ console: Console }> = ({ console }) => {
  const text = useSignal('{"event":"ping","id":"r-1","data":{}}');
  const problem = useSignal('');
  const send = () => {
    try {
      console.seat.tap.send(text.value);
      problem.value = '';
    } catch (error) {
      problem.value = (error as Error).message;
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <ActorChoice console={console} />
      <label for="raw">Frame</label>
      <textarea
        id="raw"
        class="code"
        rows={8}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      <button type="submit">Send</button>
    </form>
  );
};
