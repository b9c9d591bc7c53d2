import type { FunctionComponent } from 'preact';
import type { AdminProblem } from './admin-api.js';

/** What the operators' API refused, with its code and what to do about it. */
export const ProblemView: FunctionComponent<{ problem: AdminProblem | undefined }> = ({ problem }) =>
  problem ? (
    <p class="problem" role="alert">
      <b>{problem.code}</b>
      {problem.status > 0 && ` (${problem.status})`}: {problem.message} {problem.advice}
    </p>
  ) : null;
