import type { FunctionComponent } from 'preact';
import { Time } from '../parts/time.js';

/** What came of a slash command. */
export interface Said {
  readonly words: string;
  readonly failed: boolean;
  /** Milliseconds since 1970. It stays until the next one, so its time tells what it is still true of. */
  readonly at: number;
}

export const SaidLine: FunctionComponent<{ of: Said | undefined }> = ({ of: said }) =>
  said ? (
    <p class={said.failed ? 'problem' : 'said'} role={said.failed ? 'alert' : undefined}>
      <Time at={said.at} />
      {said.words.includes('\n') ? '\n' : ' '}
      {said.words}
    </p>
  ) : null;
