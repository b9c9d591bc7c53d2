import type { FunctionComponent } from 'preact';

export const OperatorHelp: FunctionComponent = () => (
  <section aria-labelledby="help-operator">
    <h2 id="help-operator">Act as an operator</h2>
    <p>
      Start the bridge with <code>ADMIN_TOKEN=…</code> (with the demo, <code>ADMIN_TOKEN=… npm start</code>), and paste
      that token under <b>Operator</b>. It stays in this page’s memory, is in no recording, and is gone when the page is
      loaded anew.
    </p>
    <p>
      End a grant, suspend a partner, drain a gateway: each says first whom it concerns, and asks why. The{' '}
      <b>receipt</b> of an end then comes in piece by piece: when it was asked for, which connections were closed, which
      gateway confirmed it, from when on nothing is written any more (<code>effectiveAt</code>), and who ended it and
      why. While the token is there, an end by the person or the app gets its receipt here too.
    </p>
    <p>
      A gateway that was drained takes nobody any more until its process is started anew. A partner that was suspended
      can be resumed, but its people have to sign in again.
    </p>
  </section>
);
