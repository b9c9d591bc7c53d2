import type { TokenReason } from '@drawbridge/client';
import { batch, type Signal, signal } from '@preact/signals';
import { fileText } from '../parts/file-text.js';
import type { Seat } from '../people/seat.js';
import type { Settings } from '../settings.js';
import { type Entry, SIDES, type Side } from '../wire/entry.js';
import type { FrameLog } from '../wire/frame-log.js';
import helper from './exported-helper.js?raw';
import { fileNameOf, jestTestOf } from './jest-test.js';
import { parseRecording, RECORDING_LIMITS, type Recording } from './recording.js';
import { recordingOf } from './recording-of.js';
import { type Outcome, replay } from './replay.js';
import { forgetRun, type Shelf, savedRuns, saveRun } from './saved-runs.js';

/** Of the timeline, what one recording may take. */
const MAX_ENTRIES = 20_000;

type Seats = Readonly<Record<Side, Seat>>;

/** Records what the two people do, does it again, and makes a test of it. */
export class Runs {
  /** The one that is looked at: after the page was loaded anew, the last that was recorded. */
  readonly recording = signal<Recording | undefined>(savedRuns('recent')[0]);
  readonly isRecording = signal(false);
  /** What the run is to be called that is recorded, or will be: whatever else is looked at meanwhile. */
  readonly nextName = signal('');
  /** Entries so far, while it is recorded. */
  readonly count = signal(0);
  readonly isReplaying = signal(false);
  /** Of the steps, by their index; before the first, -1. */
  readonly outcomes = signal<ReadonlyMap<number, Outcome>>(new Map());
  readonly verdict = signal<'passed' | 'failed' | undefined>(undefined);
  readonly problem = signal('');
  readonly saved: Readonly<Record<Shelf, Signal<readonly Recording[]>>> = {
    kept: signal(savedRuns('kept')),
    recent: signal(savedRuns('recent')),
  };
  #begun: Pick<Parameters<typeof recordingOf>[0], 'people' | 'connected' | 'talks'> | undefined;
  #entries: Entry[] = [];
  #stopListening = () => {};
  #abort = new AbortController();

  constructor(
    private readonly seats: Seats,
    private readonly settings: Settings,
    private readonly log: FrameLog,
  ) {}

  /** Throws where there is nobody to record. */
  start(): void {
    if (this.isRecording.value) throw new Error('It is being recorded already.');
    if (this.isReplaying.value) throw new Error('A replay is under way: stop it first.');
    if (SIDES.every((side) => !this.seats[side].session.value)) throw new Error('Sign both people in first.');
    const connected = (side: Side) => this.seats[side].state.value.name === 'live' && !this.seats[side].isAway.value;
    this.#begun = {
      people: { left: this.#person('left'), right: this.#person('right') },
      connected: { left: connected('left'), right: connected('right') },
      talks: this.#talks(),
    };
    this.#entries = [];
    this.#stopListening = this.log.on((entry) => {
      if (this.#entries.length < MAX_ENTRIES) this.#entries.push(entry);
      this.count.value = this.#entries.length;
    });
    addEventListener('beforeunload', asksFirst);
    batch(() => {
      this.count.value = 0;
      this.problem.value = '';
      this.isRecording.value = true;
      this.#forgetOutcomes();
    });
  }

  stop(name = ''): Recording {
    if (!this.#begun || !this.isRecording.value) throw new Error('Nothing is being recorded.');
    this.#stopListening();
    removeEventListener('beforeunload', asksFirst);
    this.isRecording.value = false;
    const talks = [...this.#begun.talks, ...this.#talks()];
    const unique = this.#unique(name || this.nextName.value.trim() || 'A recorded run');
    this.nextName.value = '';
    const recording = recordingOf({ ...this.#begun, name: unique, talks, entries: this.#entries });
    this.#entries = [];
    this.show(recording);
    this.remember();
    return recording;
  }

  show(recording: Recording): void {
    batch(() => {
      this.recording.value = recording;
      this.problem.value = '';
      this.#forgetOutcomes();
    });
  }

  rename(name: string): void {
    const recording = this.recording.value;
    if (!recording || recording.name === name) return;
    this.#forget('recent', recording.name);
    this.recording.value = { ...recording, name };
    this.remember();
  }

  /** Leaves a step out of what is done, or out of what is expected, or takes it in again. */
  toggle(index: number): void {
    const recording = this.recording.value;
    if (!recording) return;
    const steps = recording.steps.map((step, at) => (at === index ? { ...step, isOff: !step.isOff } : step));
    this.recording.value = { ...recording, steps };
    this.#forgetOutcomes();
    this.remember();
  }

  /** With connections of its own: the SDK's are closed meanwhile, and go on afterwards where they were. */
  async replay(): Promise<void> {
    const recording = this.recording.value;
    if (!recording || this.isReplaying.value || this.isRecording.value) return;
    this.#abort = new AbortController();
    batch(() => {
      this.problem.value = '';
      this.isReplaying.value = true;
      this.#forgetOutcomes();
    });
    const connected = SIDES.filter((side) => this.seats[side].session.value && !this.seats[side].isAway.value);
    try {
      for (const side of SIDES) {
        this.seats[side].tap.calm();
        await this.seats[side].disconnect();
      }
      const url = `${this.settings.publicUrl.replace(/^http/, 'ws')}/bridge`;
      const world = {
        connect: (side: Side) => new this.seats[side].tap.webSocket(url, 'drawbridge.v1'),
        token: (side: Side, reason: TokenReason) => this.seats[side].signIn.accessToken({ reason }),
      };
      const progress = {
        begun: (outcome: Outcome) => this.#came(-1, outcome),
        step: (index: number, outcome: Outcome) => this.#came(index, outcome),
      };
      const isSame = await replay(recording, world, progress, this.#abort.signal);
      this.verdict.value = isSame ? 'passed' : 'failed';
    } catch (error) {
      this.problem.value = (error as Error).message;
    } finally {
      this.isReplaying.value = false;
      for (const side of connected) this.seats[side].connect();
    }
  }

  stopReplay(): void {
    this.#abort.abort(new Error('It was stopped.'));
  }

  /** As a file for Jest. */
  exported(): { readonly name: string; readonly text: string } | undefined {
    const recording = this.recording.value;
    if (!recording) return undefined;
    const redirectUri = `${location.origin}${location.pathname}`;
    const text = jestTestOf(recording, { ...this.settings, redirectUri, helper });
    return { name: `${fileNameOf(recording.name)}.test.js`, text };
  }

  asFile(): { readonly name: string; readonly text: string } | undefined {
    const recording = this.recording.value;
    if (!recording) return undefined;
    return { name: `${fileNameOf(recording.name)}.drawbridge.json`, text: `${JSON.stringify(recording, null, 2)}\n` };
  }

  async load(file: File): Promise<void> {
    try {
      this.show(parseRecording(await fileText(file, RECORDING_LIMITS.bytes)));
    } catch (error) {
      this.problem.value = `The file could not be loaded. ${(error as Error).message}`;
    }
  }

  /** Among those that nobody has to keep: so it is there after the page was loaded anew, and when another is recorded. */
  remember(): void {
    const recording = this.recording.value;
    const isKept = this.saved.kept.value.some((each) => JSON.stringify(each) === JSON.stringify(recording));
    if (recording && !isKept) this.#save('recent', recording);
  }

  keep(): void {
    const recording = this.recording.value;
    if (recording && this.#save('kept', recording)) this.#forget('recent', recording.name);
  }

  forget(shelf: Shelf, name: string): void {
    this.#forget(shelf, name);
    if (this.recording.value?.name === name) this.recording.value = undefined;
  }

  #save(shelf: Shelf, recording: Recording): boolean {
    try {
      saveRun(shelf, recording);
      return true;
    } catch (error) {
      this.problem.value = `It could not be kept in this browser: ${(error as Error).message}`;
      return false;
    } finally {
      this.saved[shelf].value = savedRuns(shelf);
    }
  }

  #forget(shelf: Shelf, name: string): void {
    forgetRun(shelf, name);
    this.saved[shelf].value = savedRuns(shelf);
  }

  /** One that was recorded takes no other’s place, though it was called the same. */
  #unique(name: string): string {
    const names = new Set([...this.saved.kept.value, ...this.saved.recent.value].map((each) => each.name));
    let unique = name;
    for (let count = 2; names.has(unique); count++) unique = `${name} (${count})`;
    return unique;
  }

  #came(index: number, outcome: Outcome): void {
    this.outcomes.value = new Map(this.outcomes.value).set(index, outcome);
  }

  #forgetOutcomes(): void {
    this.outcomes.value = new Map();
    this.verdict.value = undefined;
  }

  #person(side: Side): { readonly id: string; readonly name: string } {
    const seat = this.seats[side];
    return { id: seat.session.value?.person.id ?? side, name: seat.name };
  }

  #talks() {
    return SIDES.flatMap((side) => [...this.seats[side].chat.talks.value]);
  }
}

/** What is not recorded to its end is lost with the page. */
function asksFirst(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
