import type { FunctionComponent } from 'preact';

/** What a tester needs to know who has read nothing else. */
export const Help: FunctionComponent = () => (
  <div class="prose">
    <h2>What this is</h2>
    <p>
      Two people, side by side, each signed in as any app signs people in. Beside them, every frame that goes over their
      connections, and tools to send, to break and to record.
    </p>
  </div>
);
