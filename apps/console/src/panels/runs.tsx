import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { LongText } from '../parts/long-text.js';
import { isExpectation, type Recording, type Step } from '../runs/recording.js';
import type { Outcome } from '../runs/replay.js';
import '../runs/runs.css';
import type { Runs as RecordedRuns } from '../runs/runs.js';
import type { Shelf } from '../runs/saved-runs.js';
import { ServerChoice } from '../runs/server-choice.js';
import { wordsOf } from '../runs/words.js';

/** What the two people do is recorded, done again, and made a test of. */
export const Runs: FunctionComponent<{ console: Console }> = ({ console }) => {
  const { runs } = console;
  const recording = runs.recording.value;
  return (
    <div class="runs">
      <Recorder runs={runs} />
      {runs.problem.value && (
        <p class="problem" role="alert">
          {runs.problem.value}
        </p>
      )}
      {recording && !runs.isRecording.value && <Recorded runs={runs} recording={recording} />}
      <Saved runs={runs} />
      <ServerChoice console={console} />
    </div>
  );
};

const Recorder: FunctionComponent<{ runs: RecordedRuns }> = ({ runs }) => {
  const isRecording = runs.isRecording.value;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        try {
          if (isRecording) runs.stop();
          else runs.start();
        } catch (error) {
          runs.problem.value = (error as Error).message;
        }
      }}
    >
      <label for="run-name">What the run shows, in a sentence</label>
      <input
        id="run-name"
        type="text"
        autocomplete="off"
        placeholder="A message sent while the other side was offline arrives once"
        value={runs.nextName.value}
        onInput={(event) => {
          runs.nextName.value = event.currentTarget.value;
        }}
      />
      <div class="buttons">
        <button type="submit" class={isRecording ? 'ending' : undefined} disabled={runs.isReplaying.value}>
          {isRecording ? 'Stop recording' : 'Record'}
        </button>
        <p role="status">{isRecording ? `Recording: ${runs.count.value} entries so far.` : ''}</p>
      </div>
    </form>
  );
};

const Recorded: FunctionComponent<{ runs: RecordedRuns; recording: Recording }> = ({ runs, recording }) => {
  const isReplaying = runs.isReplaying.value;
  const verdict = runs.verdict.value;
  const begun = runs.outcomes.value.get(-1);
  const end = runs.outcomes.value.get(recording.steps.length);
  return (
    <section aria-labelledby="run-title">
      <h3 id="run-title">
        <LongText text={recording.name} />
      </h3>
      <div class="field">
        <label for="run-rename">Its name</label>
        <input
          id="run-rename"
          type="text"
          autocomplete="off"
          value={recording.name}
          onChange={(event) => runs.rename(event.currentTarget.value.trim() || recording.name)}
        />
      </div>
      <div class="buttons">
        {isReplaying ? (
          <button type="button" class="ending" onClick={() => runs.stopReplay()}>
            Stop the replay
          </button>
        ) : (
          <button type="button" class="go" onClick={() => void runs.replay()}>
            Replay
          </button>
        )}
        <button type="button" onClick={() => download(runs.exported())}>
          Export as a Jest test
        </button>
        <button type="button" onClick={() => download(runs.asFile())}>
          Save to a file
        </button>
        <button type="button" onClick={() => runs.keep()}>
          Keep in this browser
        </button>
      </div>
      <p role="status" class="verdict" data-verdict={verdict}>
        {verdict === 'passed' && 'The replay passed: the same came of it.'}
        {verdict === 'failed' && 'The replay failed: see the step that is marked.'}
        {isReplaying && 'Replaying…'}
      </p>
      {begun?.state === 'failed' && <p class="problem">{begun.detail}</p>}
      <p class="quiet" id="run-steps-help">
        Untick what is not to be done, or not to be looked at.
      </p>
      <ol class="steps" aria-describedby="run-steps-help">
        {recording.steps.map((step, index) => (
          <StepLine key={index} runs={runs} recording={recording} step={step} index={index} />
        ))}
        <li data-state={end?.state}>
          And then nothing else comes.
          <Detail outcome={end} />
        </li>
      </ol>
    </section>
  );
};

interface StepLineProps {
  readonly runs: RecordedRuns;
  readonly recording: Recording;
  readonly step: Step;
  readonly index: number;
}

const StepLine: FunctionComponent<StepLineProps> = ({ runs, recording, step, index }) => {
  const { does, what } = wordsOf(step, recording);
  const outcome = runs.outcomes.value.get(index);
  return (
    <li data-side={step.side} data-kind={isExpectation(step) ? 'expected' : 'done'} data-state={outcome?.state}>
      <label>
        <input
          type="checkbox"
          checked={!step.isOff}
          disabled={runs.isReplaying.value}
          onChange={() => runs.toggle(index)}
        />
        <bdi>{does}</bdi>
        {what && (
          <>
            {': '}
            <span class="quiet">
              <LongText text={what} />
            </span>
          </>
        )}
      </label>
      <Detail outcome={outcome} />
    </li>
  );
};

const SIGNS = { running: '…', passed: '✓', failed: '✗', 'left out': '–' } as const;

const Detail: FunctionComponent<{ outcome: Outcome | undefined }> = ({ outcome }) =>
  outcome ? (
    <>
      {' '}
      <span class="sign" role="img" aria-label={outcome.state}>
        {SIGNS[outcome.state]}
      </span>
      {outcome.detail && (
        <p class="problem">
          <LongText text={outcome.detail} />
        </p>
      )}
    </>
  ) : null;

const Saved: FunctionComponent<{ runs: RecordedRuns }> = ({ runs }) => (
  <section aria-labelledby="runs-title">
    <h3 id="runs-title">Other runs</h3>
    <div class="field">
      <label for="run-file">Load from a file</label>
      <input
        id="run-file"
        type="file"
        accept=".json,application/json"
        disabled={runs.isRecording.value || runs.isReplaying.value}
        onChange={async (event) => {
          const input = event.currentTarget;
          const file = input.files?.[0];
          input.value = '';
          if (file) await runs.load(file);
        }}
      />
    </div>
    <Shelved runs={runs} shelf="recent" title="Recorded or changed lately" />
    <Shelved runs={runs} shelf="kept" title="Kept in this browser" />
  </section>
);

const Shelved: FunctionComponent<{ runs: RecordedRuns; shelf: Shelf; title: string }> = ({ runs, shelf, title }) => {
  const recordings = runs.saved[shelf].value;
  const isBusy = runs.isRecording.value || runs.isReplaying.value;
  if (recordings.length === 0) return null;
  return (
    <>
      <h4 id={`runs-${shelf}`}>{title}</h4>
      <ul class="kept" aria-labelledby={`runs-${shelf}`}>
        {recordings.map((recording) => (
          <li key={recording.name}>
            <button type="button" class="plain" disabled={isBusy} onClick={() => runs.show(recording)}>
              {recording.name}
            </button>
            <button type="button" disabled={isBusy} onClick={() => runs.forget(shelf, recording.name)}>
              Forget<span class="visually-hidden"> {recording.name}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
};

function download(file: { readonly name: string; readonly text: string } | undefined): void {
  if (!file) return;
  const url = URL.createObjectURL(new Blob([file.text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = file.name;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
