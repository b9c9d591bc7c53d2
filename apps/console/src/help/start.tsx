import type { FunctionComponent } from 'preact';
import type { Settings } from '../settings.js';

export const StartHelp: FunctionComponent<{ settings: Settings }> = ({ settings }) => (
  <>
    <section aria-labelledby="help-start">
      <h2 id="help-start">Begin</h2>
      <p>
        Two people, side by side, each signed in as any app signs people in. Beside them is every frame that goes over
        their connections, and on the right are tools to send, to break and to record.
      </p>
      <ol>
        <li>
          Press <b>Sign in</b> on the left, and again on the right. A window opens: sign in, <b>tick all</b>,{' '}
          <b>Allow</b>.
          {settings.demo && (
            <>
              {' '}
              Take <code>alice</code> and <code>bob</code>; the password is <code>{settings.demo.password}</code>.
            </>
          )}
        </li>
        <li>
          When both say <b>live</b>, choose the same conversation on both sides and write. Choose a frame in the middle
          to see all of it.
        </li>
      </ol>
      <dl>
        <dt>Network</dt>
        <dd>Unticked, they are as in a tunnel: what they write waits, and is sent when you tick it again.</dd>
        <dt>Disconnect</dt>
        <dd>
          Closes their connection and stays away until you press Connect. Who signed in, and what they allowed, stays.
        </dd>
        <dt>Sign out</dt>
        <dd>
          Ends what they allowed at the bridge, for good, as an app’s own sign-out does. Whoever comes next signs in,
          and allows it anew: the same person, or another one.
        </dd>
      </dl>
      {!settings.demo && (
        <p>
          If the window says that the app is unknown, an operator has to register this console first:{' '}
          <code>{settings.clientId}</code>, with the redirect address <code>{`${location.origin}/console/`}</code>{' '}
          (docs/console.md).
        </p>
      )}
    </section>
    <section aria-labelledby="help-frames">
      <h2 id="help-frames">Read the frames</h2>
      <p>
        → was sent, ← was received, ● and ○ are connections that open and close, ◆ is a state of the SDK, ✎ is something
        that you did. A reply shows the command that it answers, and how long it took.
      </p>
      <p>
        <b>Search</b> takes words that an entry must have; <code class="word">-word</code> is one that it must not have.
        Beside it you choose whose frames, and of which kind. <b>Pings and acks</b> are left out until you tick them.{' '}
        <b>Problems</b> shows refusals, and frames that break the contract: a <code>gap</code> in <code>seq</code> and{' '}
        <code>prev</code>, one <code>out_of_order</code>, a reply to nothing, a frame against its <code>schema</code>.
      </p>
      <p>
        By keyboard: Tab goes from part to part; in the frames, the arrows, Page up and down, Home and End choose one,
        and Escape lets go of it; in the tabs, the arrows choose the tool.
      </p>
      <p>
        The newest is kept in sight. While you look at one, or have scrolled up, the list stays where it is, and a
        button at its end says how many came since: it goes there, and follows again.
      </p>
      <p>
        The frames stay until you press <b>Clear</b> or load the page anew, also those of somebody whose consent has
        ended since: they are what you tested with. They are in this page’s memory and nowhere else.
      </p>
    </section>
  </>
);
