import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { Help } from './help.js';
import { Send } from './send.js';

interface Panel {
  readonly title: string;
  readonly view: FunctionComponent<{ console: Console }>;
}

/** The tools, in the order of their tabs. */
export const PANELS = {
  send: { title: 'Send', view: Send },
  help: { title: 'Help', view: Help },
} as const satisfies Record<string, Panel>;
