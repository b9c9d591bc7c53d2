import type { ComponentChildren, FunctionComponent } from 'preact';
import { useErrorBoundary } from 'preact/hooks';

/** What a part of the page cannot draw does not take the other parts with it: they are what shows why. */
export const Boundary: FunctionComponent<{ what: string; children: ComponentChildren }> = ({ what, children }) => {
  const [error, again] = useErrorBoundary();
  if (!error) return <>{children}</>;
  return (
    <div class="broken" role="alert">
      <p class="problem">
        {what} could not be drawn: something came that is not of the protocol. {String(error.message ?? error)}
      </p>
      <button type="button" onClick={again}>
        Draw it again
      </button>
    </div>
  );
};
