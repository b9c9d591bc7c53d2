import { effect, signal } from '@preact/signals';
import { StateHistory } from './faults/state-history.js';
import { Latencies } from './latency/latencies.js';
import { PingBurst } from './latency/ping-burst.js';
import { Operator } from './operator/operator.js';
import { Seat } from './people/seat.js';
import { onSignIn } from './people/sign-in-window.js';
import { Runs } from './runs/runs.js';
import { Composer } from './send/composer.js';
import type { Said } from './send/said-line.js';
import { isElsewhere, type Settings } from './settings.js';
import { type CodeMeaning, loadCodes } from './timeline/codes.js';
import { Filter } from './timeline/filter.js';
import { SIDES, type Side } from './wire/entry.js';
import { FrameLog } from './wire/frame-log.js';

/** What the console is besides its drawing: two people, what went over their wires, and what is looked at of it. */
export class Console {
  readonly log = new FrameLog();
  readonly filter = new Filter(this.log);
  readonly seats: Readonly<Record<Side, Seat>>;
  /** Which states the SDKs have been in. */
  readonly states: Readonly<Record<Side, StateHistory>> = { left: new StateHistory(), right: new StateHistory() };
  readonly latencies = new Latencies(this.log);
  readonly burst = new PingBurst(this.log);
  readonly operator: Operator;
  readonly runs: Runs;
  /** The number of the entry that is looked at. */
  readonly selected = signal<number | undefined>(undefined);
  /** Whom the tools act for. */
  readonly actor = signal<Side>('left');
  /** What error and close codes mean, by their names and numbers. */
  readonly codes = signal<ReadonlyMap<string, CodeMeaning>>(new Map());
  /** Said once, to everybody and to screen readers: what a command did. */
  readonly said = signal('');

  /** What the last slash command had to say. */
  readonly slash = signal<Said | undefined>(undefined);
  /** The frame that is being written. */
  readonly composer: Composer;

  constructor(readonly settings: Settings) {
    this.seats = { left: new Seat('left', settings, this.log), right: new Seat('right', settings, this.log) };
    for (const side of SIDES) effect(() => this.states[side].heard(this.seats[side].state.value));
    this.operator = new Operator(this.seats, this.log, isElsewhere(settings));
    this.runs = new Runs(this.seats, settings, this.log);
    this.composer = new Composer(this);
    onSignIn(settings, ({ side, error }) => {
      const seat = this.seats[side];
      if (error === undefined) void seat.signedIn();
      else seat.problem.value = error === 'access_denied' ? 'They did not allow it.' : `The sign-in failed: ${error}`;
    });
  }

  get seat(): Seat {
    return this.seats[this.actor.value];
  }

  say(text: string): void {
    this.said.value = text;
  }

  async start(): Promise<void> {
    await this.composer.load();
    await Promise.all([this.seats.left.start(), this.seats.right.start(), this.#learnCodes()]);
  }

  async #learnCodes(): Promise<void> {
    this.codes.value = await loadCodes(this.settings.publicUrl);
  }
}
