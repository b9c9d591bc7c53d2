import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { ActorChoice } from '../parts/actor-choice.js';
import { copy } from '../parts/copy.js';
import { CommandLine } from '../send/command-line.js';
import type { Finding } from '../send/composer.js';
import { fieldAt } from '../send/fields.js';
import { FormView, KnownIds } from '../send/form-view.js';
import { OutcomeView } from '../send/outcome-view.js';
import { PLACEHOLDERS } from '../send/placeholders.js';
import { SavedView } from '../send/saved-view.js';
import { wscatCommand } from '../send/wscat.js';
import '../send/send.css';

/** A frame as the tester writes it, in a form or as JSON, and what came of it. */
export const Send: FunctionComponent<{ console: Console }> = ({ console }) => {
  const { composer } = console;
  const { view, document, problem } = composer;
  const command = composer.command.value;
  const findings = composer.findings.value;
  return (
    <div class="send">
      <ActorChoice console={console} />
      <CommandLine console={console} />
      <ByHand console={console} />
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void composer.send();
        }}
      >
        {document.value && (
          <div class="field">
            <label for="command">Frame of the kind</label>
            <select
              id="command"
              value={command?.name ?? ''}
              aria-describedby="command-about"
              onChange={(event) => composer.choose(event.currentTarget.value)}
            >
              {!command && <option value="">of no known kind</option>}
              {document.value.commands.map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
            {command && (
              <p id="command-about" class="quiet">
                <b>{command.title}.</b> {command.description.replaceAll('`', '')}{' '}
                {command.scope ? (
                  <>
                    Takes the scope <code>{command.scope}</code>.
                  </>
                ) : (
                  'Takes no scope.'
                )}
              </p>
            )}
          </div>
        )}
        <fieldset class="choice">
          <legend>As a</legend>
          {(['form', 'raw'] as const).map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="view"
                checked={view.value === each}
                onChange={() => {
                  view.value = each;
                }}
              />
              {each === 'form' ? 'form' : 'JSON text'}
            </label>
          ))}
        </fieldset>
        {view.value === 'raw' ? (
          <RawView console={console} />
        ) : command ? (
          <FormView console={console} command={command} />
        ) : (
          <p class="quiet">What is written is of no kind that has a form: see it as JSON text, or choose a kind.</p>
        )}
        <Findings findings={findings} isForm={view.value === 'form' && command !== undefined} />
        {problem.value && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
        <div class="line">
          <button type="submit">{findings.length === 0 ? 'Send' : 'Send anyway'}</button>
          <button
            type="button"
            onClick={async () => copy(console, wscatCommand(console.settings.publicUrl, await composer.toCopy()))}
          >
            Copy as wscat
          </button>
        </div>
      </form>
      <OutcomeView console={console} />
      <SavedView console={console} />
      <KnownIds console={console} />
    </div>
  );
};

const RawView: FunctionComponent<{ console: Console }> = ({ console: { composer } }) => (
  <div class="field">
    <label for="raw">Frame</label>
    <textarea
      id="raw"
      class="code"
      rows={12}
      spellcheck={false}
      aria-describedby="findings"
      aria-invalid={composer.findings.value.length > 0}
      value={composer.text.value}
      onInput={(event) => {
        composer.text.value = event.currentTarget.value;
      }}
    />
    <details>
      <summary>Placeholders</summary>
      <dl>
        {Object.entries(PLACEHOLDERS).map(([name, { help }]) => (
          <div key={name}>
            <dt>
              <code>{`{{${name}}}`}</code>
            </dt>
            <dd>{help}</dd>
          </div>
        ))}
      </dl>
    </details>
  </div>
);

/** By the line in a text, and by the field in a form. */
const Findings: FunctionComponent<{ findings: readonly Finding[]; isForm: boolean }> = ({ findings, isForm }) => (
  <ul id="findings" class="findings" aria-label="What is wrong with the frame" hidden={findings.length === 0}>
    {findings.map(({ line, path, message }) => (
      <li key={`${line} ${path} ${message}`}>
        {isForm ? (
          <b>{fieldAt(path)}</b>
        ) : (
          <>
            Line {line}: {path && <code>{path}</code>}
          </>
        )}{' '}
        {message}
      </li>
    ))}
  </ul>
);

/** A connection without the SDK, to try the opening by hand. */
const ByHand: FunctionComponent<{ console: Console }> = ({ console }) => {
  const { seat, composer } = console;
  if (!seat.session.value) return null;
  const isByHand = seat.isByHand.value;
  return (
    <div class="by-hand">
      <button
        type="button"
        onClick={() => {
          if (isByHand) return seat.connect();
          composer.choose('session.open');
          void seat.connectByHand();
        }}
      >
        {isByHand ? 'Give it back to the SDK' : 'Connect by hand'}
      </button>
      {isByHand && (
        <p class="quiet">
          Nobody answers hello but you: send session.open within openWithinMs, or be closed with 4408. Then nothing is
          opened again by itself.
        </p>
      )}
    </div>
  );
};
