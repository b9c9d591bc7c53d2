import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface TabsProps<Name extends string> {
  readonly label: string;
  readonly tabs: Readonly<Record<Name, { readonly title: string }>>;
  readonly chosen: Signal<Name>;
  /** Starts the ids of its elements. */
  readonly id: string;
  readonly children: ComponentChildren;
}

/** Tabs as the ARIA Authoring Practices have them: arrows go along, Home and End to the ends; one is in the tab order. */
export function Tabs<Name extends string>({ label, tabs, chosen, id, children }: TabsProps<Name>) {
  const names = Object.keys(tabs) as Name[];
  const panel = useRef<HTMLDivElement>(null);
  /** How far each was scrolled when it was left. */
  const tops = useRef(new Map<Name, number>());
  // Before it is drawn: the panel is one element, and would begin where the tab before was left.
  useLayoutEffect(() => {
    panel.current?.scrollTo({ top: tops.current.get(chosen.value) ?? 0, behavior: 'instant' });
  }, [chosen.value]);
  const go = (name: Name | undefined) => {
    if (name === undefined) return;
    tops.current.set(chosen.value, panel.current?.scrollTop ?? 0);
    chosen.value = name;
    document.getElementById(`${id}-tab-${name}`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = names.indexOf(chosen.value);
    const to = {
      ArrowRight: names[(at + 1) % names.length],
      ArrowLeft: names.at(at - 1),
      Home: names[0],
      End: names.at(-1),
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
        {names.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-tab-${name}`}
            aria-controls={`${id}-panel`}
            aria-selected={chosen.value === name}
            tabIndex={chosen.value === name ? 0 : -1}
            onClick={() => go(name)}
          >
            {tabs[name].title}
          </button>
        ))}
      </div>
      <div
        ref={panel}
        class="panel"
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-tab-${chosen.value}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a panel that scrolls can be reached by keyboard.
        tabIndex={0}
      >
        {children}
      </div>
    </>
  );
}
