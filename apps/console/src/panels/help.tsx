import type { FunctionComponent } from 'preact';
import { FaultsHelp } from '../help/faults.js';
import { LatencyHelp } from '../help/latency.js';
import { OperatorHelp } from '../help/operator.js';
import { RunsHelp } from '../help/runs.js';

/** What a tester needs to know who has read nothing else. */
export const Help: FunctionComponent = () => (
  <div class="prose">
    <h2>What this is</h2>
    <p>
      Two people, side by side, each signed in as any app signs people in. Beside them, every frame that goes over their
      connections, and tools to send, to break and to record.
    </p>
    <RunsHelp />
    <FaultsHelp />
    <LatencyHelp />
    <OperatorHelp />
  </div>
);
