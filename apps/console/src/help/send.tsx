import type { FunctionComponent } from 'preact';

/** How to send by hand, for the help. */
export const SendHelp: FunctionComponent = () => (
  <>
    <h2>Send a frame by hand</h2>
    <p>
      In <b>Send</b>, choose for whom, and what kind of frame. The form is made from what the bridge says of its
      protocol; the JSON text is the same frame, and what you type in one is in the other. What is wrong with it is
      listed below it, with the line. <b>Send anyway</b> sends it all the same, to see how the bridge refuses it. Below
      that is the answer, with its time and what its code means.
    </p>
    <p>
      Words in double braces are filled in when the frame is sent: <code>{'{{conversation}}'}</code> is the one that is
      open, <code>{'{{other}}'}</code> the other person, <code>{'{{token}}'}</code> and <code>{'{{proof}}'}</code> the
      person’s own. All are listed below the JSON text. Use them in saved requests, which stay in this browser, without
      tokens.
    </p>
    <p>
      A <code>clientId</code> is made anew after each send. <b>Send the same again</b> repeats it: the answer says{' '}
      <code>duplicate</code>, and nothing is sent twice.
    </p>
    <h2>Slash commands</h2>
    <p>
      Type <code>/</code> in the command field, or where a person writes messages. Arrows choose, Tab completes, Enter
      runs; <code>/help</code> lists them all. A message that begins with a slash is written with two.
    </p>
    <h2>Open a connection by hand</h2>
    <p>
      <b>Connect by hand</b> closes the SDK’s connection and opens one that nobody answers on. The form then has{' '}
      <code>session.open</code> filled in: send it in time, or see the bridge close with 4408.{' '}
      <b>Give it back to the SDK</b> ends it.
    </p>
    <h2>Outside of the browser</h2>
    <p>
      <b>Copy as wscat</b> gives shell lines for wscat, for the frame in the form and for any frame that was sent.
      Tokens are not in it: the first line says where one goes.
    </p>
  </>
);
