import type { Signal } from '@preact/signals';
import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { usePlaceAt } from '../parts/use-place-at.js';
import { SLASH } from './slash-commands.js';

interface CommandFieldProps {
  readonly id: string;
  readonly label: string;
  readonly value: Signal<string>;
  readonly placeholder: string;
  readonly onInput?: () => void;
}

/**
 * A text field that completes slash commands, as the ARIA Authoring Practices have a combobox: arrows choose, Tab takes
 * what is chosen or else the first, Escape closes. Enter is the form's own.
 */
export const CommandField: FunctionComponent<CommandFieldProps> = ({ id, label, value, placeholder, onInput }) => {
  const chosen = useSignal(-1);
  const isOpen = useSignal(false);
  const all = SLASH.completions(value.value);
  const found = all.filter((line) => line !== value.value);
  const shown = isOpen.value ? found : [];
  const field = useRef<HTMLInputElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  usePlaceAt(field, menu, shown.length > 0);
  useLayoutEffect(() => {
    menu.current?.children[chosen.value]?.scrollIntoView({ block: 'nearest' });
  }, [chosen.value]);
  const take = (line: string) => {
    value.value = line;
    chosen.value = -1;
    isOpen.value = line.endsWith(' ');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (shown.length === 0) return;
    const at = chosen.value;
    if (event.key === 'ArrowDown') chosen.value = (at + 1) % shown.length;
    else if (event.key === 'ArrowUp') chosen.value = at <= 0 ? shown.length - 1 : at - 1;
    else if (event.key === 'Tab' && !event.shiftKey) take(shown[at] ?? shown[0]!);
    else if (event.key === 'Enter' && at >= 0) take(shown[at]!);
    else if (event.key === 'Escape') isOpen.value = false;
    else return;
    event.preventDefault();
  };
  return (
    <span class="command-field">
      <label class="visually-hidden" for={id}>
        {label}
      </label>
      <input
        id={id}
        ref={field}
        type="text"
        role="combobox"
        autocomplete="off"
        dir="auto"
        aria-autocomplete="list"
        aria-expanded={shown.length > 0}
        aria-controls={`${id}-commands`}
        aria-activedescendant={shown[chosen.value] ? `${id}-command-${chosen.value}` : undefined}
        placeholder={placeholder}
        value={value.value}
        onKeyDown={onKeyDown}
        onBlur={() => {
          isOpen.value = false;
        }}
        onInput={(event) => {
          value.value = event.currentTarget.value;
          chosen.value = -1;
          isOpen.value = true;
          onInput?.();
        }}
      />
      <div
        id={`${id}-commands`}
        ref={menu}
        class="completions"
        role="listbox"
        aria-label="Commands"
        hidden={shown.length === 0}
      >
        {shown.map((line, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the field has the focus, and this is its active descendant.
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys.
          <div
            key={line}
            id={`${id}-command-${index}`}
            role="option"
            aria-selected={index === chosen.value}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(line)}
          >
            <code>{line.trim()}</code> {helpOf(line)}
          </div>
        ))}
      </div>
    </span>
  );
};

function helpOf(line: string): string {
  const name = /^\/(\S*)\s?$/.exec(line)?.[1];
  const command = SLASH.all.find((each) => each.name === name);
  return command ? `${command.args} ${command.help}` : '';
}
