import type { FunctionComponent } from 'preact';

export const RunsHelp: FunctionComponent = () => (
  <section aria-labelledby="help-runs">
    <h2 id="help-runs">Record a run, and make a test of it</h2>
    <p>For example: a message that is sent while the other side is offline arrives once.</p>
    <ol>
      <li>Sign in both people, and open their conversation on both sides.</li>
      <li>
        Under <b>Runs</b>, write what the run shows, and press <b>Record</b>.
      </li>
      <li>
        On the right, untick <b>Network</b>. On the left, send a message. On the right, tick <b>Network</b> again: the
        message arrives.
      </li>
      <li>
        Press <b>Stop recording</b>. The steps are listed, with what came of each.
      </li>
      <li>
        Press <b>Replay</b>: the steps are done again, on connections of their own, and each line says whether the same
        came of it. Nothing that is not in the list may come; a message that came twice fails.
      </li>
      <li>
        Press <b>Export as a Jest test</b>, and run the file: <code>npx jest the-file.test.js</code>. It needs Node 22,
        Jest and no other package; and, as Jest does, a folder with a <code>package.json</code>, which{' '}
        <code>npm init -y</code> makes. Where they are not people of the demo, say who signs in: <code>LEFT_LOGIN</code>
        , <code>LEFT_PASSWORD</code>, <code>RIGHT_LOGIN</code>, <code>RIGHT_PASSWORD</code>; and where, if it is another
        server: <code>DRAWBRIDGE_URL</code>.
      </li>
    </ol>
    <p>
      What is recorded: connections and their ends, messages and everything else that changes something, and whatever
      you send by hand. What the SDK does by itself is left out: pings, acknowledgements, typing, marking as read, and
      what the page loads to be shown. Ids and times are not compared. A <code>clientId</code> is a new one in each run,
      and the same wherever it was the same. What you edit or delete has to be sent within the run. The end of a consent
      is recorded, but an operator or a person has to bring it about again: those lines are unticked.
    </p>
    <p>
      The last five that you recorded or changed are in the list below, also after the page was loaded anew;{' '}
      <b>Keep in this browser</b> keeps one for longer. <b>Save to a file</b> takes a run to another console. To replay
      it against another server from here, choose it under <b>Server</b>.
    </p>
  </section>
);
