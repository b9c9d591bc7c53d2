import type { FunctionComponent } from 'preact';

export const FaultsHelp: FunctionComponent = () => (
  <section aria-labelledby="help-faults">
    <h2 id="help-faults">Break something</h2>
    <p>
      Under <b>Faults</b>, choose a person, and make their network bad. The map at the top shows what the SDK makes of
      it, as it happens: the box with the thick border is where it is, the thick arrow how it came there.
    </p>
    <dl>
      <dt>Drop the connection</dt>
      <dd>As when a cable is pulled. The SDK connects again, and goes on where it was.</dd>
      <dt>Offline</dt>
      <dd>
        No connection can be made until you untick it. What is written meanwhile waits, and is sent once, afterwards.
      </dd>
      <dt>Pause reading, delay</dt>
      <dd>
        Frames arrive and are in the timeline, but the SDK gets them later, in order. Latencies are measured at the
        socket, so they do not change.
      </dd>
      <dt>Send twice</dt>
      <dd>
        So many of the next messages or recommendations leave two times, with the same <code>clientId</code>. The second
        reply says <code>duplicate: true</code>, and the other person has it once.
      </dd>
      <dt>Make everything well again</dt>
      <dd>Takes all of that back, and lets go what was held.</dd>
      <dt>Close the connection</dt>
      <dd>
        With a code and a reason of your choice, on this side. The line below says what the SDK is going to make of it;
        the bridge only hears that somebody left.
      </dd>
      <dt>Expire the token now</dt>
      <dd>
        The next session is opened with a token that the bridge refuses. Once: the SDK gets another one. Twice in a row:
        it ends, and the person has to sign in again.
      </dd>
      <dt>Narrow or end the consent</dt>
      <dd>
        The person does it on Connected apps, the app with <code>session.close</code> or by revoking its token, an
        operator with a token. The link to Connected apps leads to the sign-in of this very side. In each case the
        connection is closed with 4403 and the reason, but for a narrowing, which is a <code>grant.changed</code>.
      </dd>
    </dl>
  </section>
);
