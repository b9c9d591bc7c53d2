import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { closeOutlook, closeProblem } from '../faults/close-codes.js';
import '../faults/faults.css';
import { StateDiagram, States } from '../faults/state-diagram.js';
import { ReceiptView } from '../operator/receipt-view.js';
import { TakingAway } from '../operator/taking-away.js';
import { ActorChoice } from '../parts/actor-choice.js';
import { Time } from '../parts/time.js';
import type { Seat } from '../people/seat.js';
import { connectedAppsAt } from '../settings.js';

const MAX_DELAY_MS = 60_000;
const MAX_DUPLICATES = 100;

/** Everything that can go wrong for one person, on demand; and the SDK's state, to see what it makes of it. */
export const Faults: FunctionComponent<{ console: Console }> = ({ console }) => {
  const { seat } = console;
  return (
    <div class="faults">
      <ActorChoice console={console} />
      <StateDiagram key={seat.side} console={console} seat={seat} />
      <States history={console.states[seat.side]} />
      <Network seat={seat} />
      <Close key={`close ${seat.side}`} seat={seat} />
      <Token seat={seat} />
      <Grant key={`grant ${seat.side}`} console={console} seat={seat} />
    </div>
  );
};

const Network: FunctionComponent<{ seat: Seat }> = ({ seat: { tap, session } }) => {
  const { offline, held, delayMs, duplicates, spoiledTokens } = tap.weather.value;
  const waiting = tap.waiting.value;
  const isCalm = !offline && !held && delayMs === 0 && duplicates === 0 && spoiledTokens === 0;
  return (
    <fieldset>
      <legend>The network</legend>
      <div class="buttons">
        <button type="button" disabled={!session.value} onClick={() => tap.drop()}>
          Drop the connection
        </button>
        <button type="button" disabled={isCalm} onClick={() => tap.calm()}>
          Make everything well again
        </button>
      </div>
      <label>
        <input
          type="checkbox"
          checked={offline}
          onChange={(event) => tap.set({ offline: event.currentTarget.checked })}
        />
        Offline: no connection can be made
      </label>
      <label>
        <input type="checkbox" checked={held} onChange={(event) => tap.set({ held: event.currentTarget.checked })} />
        Pause reading: what arrives is held{waiting > 0 && ` (${waiting} waiting)`}
      </label>
      <div class="field">
        <label for="fault-delay">Delay what arrives, in ms</label>
        <input
          id="fault-delay"
          type="number"
          min={0}
          max={MAX_DELAY_MS}
          step={50}
          value={delayMs}
          onChange={(event) => tap.set({ delayMs: whole(event.currentTarget.value, MAX_DELAY_MS) })}
        />
      </div>
      <div class="field">
        <label for="fault-duplicates">Send twice: so many of the next sends</label>
        <input
          id="fault-duplicates"
          type="number"
          min={0}
          max={MAX_DUPLICATES}
          value={duplicates}
          onChange={(event) => tap.set({ duplicates: whole(event.currentTarget.value, MAX_DUPLICATES) })}
        />
      </div>
    </fieldset>
  );
};

/** What is no number is none. */
function whole(text: string, max: number): number {
  return Math.min(max, Math.max(0, Math.round(Number(text) || 0)));
}

const Close: FunctionComponent<{ seat: Seat }> = ({ seat }) => {
  const code = useSignal('4000');
  const reason = useSignal('');
  const problem = useSignal('');
  const outlook =
    closeProblem(Number(code.value), reason.value) === undefined && closeOutlook(Number(code.value), reason.value);
  return (
    <form
      class="closing"
      onSubmit={(event) => {
        event.preventDefault();
        const found = closeProblem(Number(code.value), reason.value);
        problem.value = found ?? (seat.tap.socket ? '' : 'There is no connection to close.');
        if (problem.value === '') seat.tap.close(Number(code.value), reason.value);
      }}
    >
      <fieldset>
        <legend>Close the connection, as a client does</legend>
        <div class="pair">
          <label for="fault-code">Code</label>
          <label for="fault-reason">Reason</label>
          <input
            id="fault-code"
            inputMode="numeric"
            autocomplete="off"
            value={code.value}
            onInput={(event) => {
              code.value = event.currentTarget.value;
            }}
          />
          <input
            id="fault-reason"
            autocomplete="off"
            value={reason.value}
            onInput={(event) => {
              reason.value = event.currentTarget.value;
            }}
          />
          <button type="submit">Close</button>
        </div>
        {outlook && <p class="quiet">{outlook}</p>}
        {problem.value && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
      </fieldset>
    </form>
  );
};

const Token: FunctionComponent<{ seat: Seat }> = ({ seat: { tap, session } }) => {
  const { spoiledTokens } = tap.weather.value;
  const expire = (times: number) => {
    tap.set({ spoiledTokens: times });
    tap.drop();
  };
  const { tokenExpiresAt } = session.value ?? {};
  return (
    <fieldset>
      <legend>The token</legend>
      <div class="buttons">
        <button type="button" disabled={!session.value} onClick={() => expire(1)}>
          Expire the token now
        </button>
        <button type="button" disabled={!session.value} onClick={() => expire(2)}>
          Expire it, and the next one too
        </button>
      </div>
      <p class="quiet">
        The connection is dropped, and the next session is opened with a token whose signature is broken. The bridge
        answers as it does to one that has run out: <code>unauthenticated</code>, 4401. The SDK then gets another one
        with the refresh token; if that is refused too, it ends.
        {tokenExpiresAt && (
          <>
            {' '}
            By itself the token runs out at <Time at={tokenExpiresAt} />.
          </>
        )}
        {spoiledTokens > 0 && ` ${spoiledTokens} still to be broken.`}
      </p>
    </fieldset>
  );
};

const Grant: FunctionComponent<{ console: Console; seat: Seat }> = ({ console, seat }) => {
  const problem = useSignal('');
  const { operator, settings } = console;
  const session = seat.session.value;
  // The last end stays in sight when the session is gone with it.
  const known = operator.known.value[seat.side];
  const last = operator.cases.value.find(
    ({ of }) => known && ('grant' in of ? of.grant === known.grant : of.partnerName === known.partner),
  );
  return (
    <fieldset>
      <legend>The consent</legend>
      <p>
        <b>As the person:</b>{' '}
        <a href={connectedAppsAt(settings, session?.grant.id)} target="_blank" rel="noreferrer">
          narrow or end it on Connected apps
        </a>
        , where <bdi>{seat.name}</bdi> has to be the one who is signed in. Untick something and take it back; the
        timeline then has <code>grant.changed</code>.
      </p>
      <p>
        <b>As the app:</b>
      </p>
      <div class="buttons">
        <button
          type="button"
          class="ending"
          disabled={!session}
          onClick={() => {
            problem.value = '';
            seat.closeSession().catch((error: Error) => {
              problem.value = error.message;
            });
          }}
        >
          session.close
        </button>
        <button type="button" class="ending" disabled={!session} onClick={() => void seat.signOut()}>
          Revoke the token (RFC 7009)
        </button>
      </div>
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      <p>
        <b>As an operator:</b>{' '}
        {operator.isElsewhere
          ? 'of that bridge, with its own tools.'
          : !operator.isIn.value && 'paste a token under “Operator” first.'}
      </p>
      {operator.isIn.value && session && (
        <TakingAway
          key={session.grant.id}
          verb="End"
          what={`the grant of ${seat.name}`}
          run={(reason) => operator.endGrant(session.grant.id, reason, seat.name)}
        />
      )}
      {last && <ReceiptView found={last} settings={settings} />}
    </fieldset>
  );
};
