import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { SIDES } from '../wire/entry.js';

/** Whom a tool acts for. */
export const ActorChoice: FunctionComponent<{ console: Console }> = ({ console }) => (
  <fieldset class="choice">
    <legend>As</legend>
    {SIDES.map((side) => (
      <label key={side}>
        <input
          type="radio"
          name="actor"
          checked={console.actor.value === side}
          onChange={() => {
            console.actor.value = side;
          }}
        />
        <bdi>{console.seats[side].name}</bdi>
      </label>
    ))}
  </fieldset>
);
