import type { FunctionComponent } from 'preact';
import { Time } from '../parts/time.js';

/** What came of a slash command. */
export interface Said {
  readonly words: string;
  readonly failed: boolean;
  /** Milliseconds since 1970. It stays until the next one, so its time tells what it is still true of. */
  readonly at: number;
}

interface SaidLineProps {
  readonly of: Said | undefined;
  readonly onDismiss: () => void;
}

export const SaidLine: FunctionComponent<SaidLineProps> = ({ of: said, onDismiss }) =>
  said ? (
    <p class={said.failed ? 'problem' : 'said'} role={said.failed ? 'alert' : undefined}>
      <button type="button" class="dismiss" aria-label="Dismiss what the command said" onClick={onDismiss}>
        ×
      </button>
      <span>
        <Time at={said.at} />
        {said.words.includes('\n') ? '\n' : ' '}
        {said.words}
      </span>
    </p>
  ) : null;
