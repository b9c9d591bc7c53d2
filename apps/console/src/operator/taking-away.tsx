import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { AdminProblem } from './admin-api.js';
import { ProblemView } from './problem-view.js';
import type { Preview } from './wire.js';

interface TakingAwayProps {
  /** On the button that begins it, such as `Suspend`. */
  readonly verb: string;
  /** What it is done to, for those who do not see what the button stands beside. */
  readonly what: string;
  /** Asks whom it would concern; without it, nobody has to be asked about. */
  readonly ask?: () => Promise<Preview>;
  /** Whom it concerns, in words. */
  readonly concerns?: (preview: Preview) => string;
  readonly run: (reason: string) => Promise<void>;
  readonly isEnding?: boolean;
}

/** Something that concerns others: says whom, asks for a reason, and does it only then. */
export const TakingAway: FunctionComponent<TakingAwayProps> = ({ verb, what, ask, concerns, run, isEnding = true }) => {
  const step = useSignal<'idle' | 'asking' | 'confirm' | 'running'>('idle');
  const preview = useSignal<Preview | undefined>(undefined);
  const reason = useSignal('tried in the console');
  const problem = useSignal<AdminProblem | undefined>(undefined);
  const form = useRef<HTMLFormElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  const id = useId();
  const isOpen = step.value === 'confirm' || step.value === 'running';
  // What was asked for is where one goes on.
  useEffect(() => {
    if (isOpen) {
      field.current?.focus({ preventScroll: true });
      // With the button that does it, which is below the field.
      form.current?.scrollIntoView({ block: 'nearest' });
    } else if (wasOpen.current && document.activeElement === document.body) button.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);

  const begin = async () => {
    step.value = 'asking';
    problem.value = undefined;
    try {
      preview.value = await ask?.();
      step.value = 'confirm';
    } catch (error) {
      problem.value = error as AdminProblem;
      step.value = 'idle';
    }
  };
  const act = async () => {
    step.value = 'running';
    problem.value = undefined;
    try {
      await run(reason.value.trim());
    } catch (error) {
      problem.value = error as AdminProblem;
    }
    step.value = 'idle';
  };
  return (
    <div class="taking">
      {!isOpen && (
        <button
          ref={button}
          type="button"
          class={isEnding ? 'ending' : undefined}
          disabled={step.value === 'asking'}
          onClick={() => void begin()}
        >
          {verb}
          <span class="visually-hidden"> {what}</span>
        </button>
      )}
      {isOpen && (
        <form
          ref={form}
          aria-label={`${verb} ${what}`}
          onSubmit={(event) => {
            event.preventDefault();
            if (step.value === 'confirm') void act();
          }}
        >
          {preview.value && concerns && <p>{concerns(preview.value)}</p>}
          <label for={`${id}-reason`}>Why (on the record for good: name nobody)</label>
          <input
            id={`${id}-reason`}
            ref={field}
            type="text"
            required
            maxLength={500}
            value={reason.value}
            onInput={(event) => {
              reason.value = event.currentTarget.value;
            }}
          />
          <div class="buttons">
            <button type="submit" class={isEnding ? 'ended' : undefined} disabled={step.value === 'running'}>
              {step.value === 'running' ? 'Waiting until it is in effect…' : `${verb} ${what}`}
            </button>
            <button
              type="button"
              disabled={step.value === 'running'}
              onClick={() => {
                step.value = 'idle';
              }}
            >
              Cancel
            </button>
          </div>
        </form>
      )}
      <ProblemView problem={problem.value} />
    </div>
  );
};

/** 2 grants of 1 app (2 people) */
export function concernWords({ grants, apps, people }: Preview): string {
  if (grants === 0) return 'no grant that stands';
  const some = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
  return `${some(grants, 'grant')} of ${some(apps, 'app')} (${some(people, 'person', 'people')})`;
}
