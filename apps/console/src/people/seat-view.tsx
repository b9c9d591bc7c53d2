import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { runSlash } from '../send/command-line.js';
import { SaidLine } from '../send/said-line.js';
import { ChatView } from './chat-view.js';
import type { Seat } from './seat.js';

const STATE_WORDS = {
  'signed-out': 'signed out',
  opening: 'opening',
  'catching-up': 'catching up',
  live: 'live',
  reconnecting: 'reconnecting',
  ended: 'ended',
} as const;

/** What else would seem harmless, and cannot be taken back. */
const SIGN_OUT_WORDS =
  'Ends this sign-in’s consent at the bridge, for good: who comes again has to sign in and allow it anew. To be away for a while, disconnect.';

/** One person: who it is, how their connection is, and their messages. */
export const SeatView: FunctionComponent<{ console: Console; seat: Seat }> = ({ console, seat }) => {
  const { side } = seat;
  const state = seat.state.value;
  const session = seat.session.value;
  const isAway = seat.isAway.value;
  const { offline } = seat.tap.weather.value;
  const title = `${side}-name`;
  return (
    <section class="seat" data-side={side} aria-labelledby={title}>
      <header>
        <h2 id={title}>
          <bdi>{seat.name}</bdi>
        </h2>
        <p class="state" data-state={isAway ? 'away' : state.name}>
          {seat.isByHand.value ? 'by hand' : isAway ? 'disconnected' : STATE_WORDS[state.name]}
          {state.reason && state.name !== 'live' && !(isAway && state.reason === 'closed') && (
            <>
              {': '}
              <a
                href={`${console.settings.publicUrl}/errors/${encodeURIComponent(state.reason)}`}
                target="_blank"
                rel="noreferrer"
              >
                {state.reason}
              </a>
            </>
          )}
        </p>
        {session && (
          <div class="actions">
            <label class="switch">
              <input
                type="checkbox"
                checked={!offline}
                disabled={isAway}
                onChange={(event) => seat.tap.set({ offline: !event.currentTarget.checked })}
              />
              Network
            </label>
            <button
              type="button"
              title={isAway ? undefined : 'The consent stays, and so does the sign-in.'}
              onClick={() => (isAway ? seat.connect() : void seat.disconnect())}
            >
              {isAway ? 'Connect' : 'Disconnect'}
            </button>
            <button type="button" title={SIGN_OUT_WORDS} onClick={() => void seat.signOut()}>
              Sign out
            </button>
          </div>
        )}
      </header>
      {seat.problem.value && (
        <p class="problem" role="alert">
          {seat.problem.value}
        </p>
      )}
      {session ? (
        <>
          <ChatView
            seat={seat}
            onCommand={async (line) => {
              const worked = await runSlash(console, seat, line);
              seat.commanded.value = console.slash.value;
              return worked;
            }}
          />
          <SaidLine
            of={seat.commanded.value}
            onDismiss={() => {
              seat.commanded.value = undefined;
            }}
          />
        </>
      ) : (
        <SignedOut console={console} seat={seat} />
      )}
    </section>
  );
};

const SignedOut: FunctionComponent<{ console: Console; seat: Seat }> = ({ console, seat }) => {
  const { demo } = console.settings;
  return (
    <div class="empty">
      <button type="button" class="go" onClick={() => void seat.beginSignIn()}>
        Sign in
      </button>
      {demo && (
        <p>
          As {demo.logins.join(', ')}, with the password <code>{demo.password}</code>.
        </p>
      )}
    </div>
  );
};
