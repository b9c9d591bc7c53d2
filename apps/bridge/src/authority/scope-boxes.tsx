import { SCOPE_SENTENCES, type Scope } from '@drawbridge/protocol';

/** A checkbox for each scope, named as the wire contract has it, with the words of the consent page and what explains them. */
export function ScopeBoxes(props: {
  scopes: readonly Scope[];
  ticked: readonly Scope[];
  hints?: Partial<Record<Scope, string>>;
}) {
  const { scopes, ticked, hints = {} } = props;
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
            <span>{SCOPE_SENTENCES[scope]}</span>
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
