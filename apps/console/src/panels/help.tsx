import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { FaultsHelp } from '../help/faults.js';
import { LatencyHelp } from '../help/latency.js';
import { OperatorHelp } from '../help/operator.js';
import { RunsHelp } from '../help/runs.js';
import { SendHelp } from '../help/send.js';
import { StartHelp } from '../help/start.js';

/** What a tester needs to know who has read nothing else. */
export const Help: FunctionComponent<{ console: Console }> = ({ console }) => (
  <div class="prose">
    <StartHelp settings={console.settings} />
    <SendHelp />
    <RunsHelp />
    <FaultsHelp />
    <LatencyHelp />
    <OperatorHelp />
  </div>
);
