import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { Faults } from './faults.js';
import { Help } from './help.js';
import { Latency } from './latency.js';
import { Operator } from './operator.js';
import { Runs } from './runs.js';
import { Send } from './send.js';

interface Panel {
  readonly title: string;
  readonly view: FunctionComponent<{ console: Console }>;
}

/** The tools, in the order of their tabs. */
export const PANELS = {
  send: { title: 'Send', view: Send },
  faults: { title: 'Faults', view: Faults },
  runs: { title: 'Runs', view: Runs },
  latency: { title: 'Latency', view: Latency },
  operator: { title: 'Operator', view: Operator },
  help: { title: 'Help', view: Help },
} as const satisfies Record<string, Panel>;
