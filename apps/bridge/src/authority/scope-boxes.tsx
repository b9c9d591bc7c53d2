import type { Scope } from '@drawbridge/protocol';
import { useTexts } from '../pages/use-texts.js';

/** A checkbox for each scope, named as the wire contract has it, with the words of the consent page and what explains them. */
export function ScopeBoxes(props: {
  scopes: readonly Scope[];
  ticked: readonly Scope[];
  hints?: Partial<Record<Scope, string>>;
}) {
  const { scopes, ticked, hints = {} } = props;
  const texts = useTexts();
  return (
    <ul class="scopes">
      {scopes.map((scope) => (
        <li key={scope}>
          <label>
            <input
              type="checkbox"
              name="scope"
              value={scope}
              checked={ticked.includes(scope)}
              aria-describedby={hints[scope] && `hint-${scope}`}
            />
            <span>{texts.scopes[scope]}</span>
            {hints[scope] && (
              <span class="hint" id={`hint-${scope}`}>
                {hints[scope]}
              </span>
            )}
          </label>
        </li>
      ))}
    </ul>
  );
}

/** The same, only to be read. */
export function ScopeList({ scopes }: { scopes: readonly Scope[] }) {
  const texts = useTexts();
  return (
    <ul>
      {scopes.map((scope) => (
        <li key={scope}>{texts.scopes[scope]}</li>
      ))}
    </ul>
  );
}
