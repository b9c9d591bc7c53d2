import { useSignal, useSignalEffect } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import type { Console } from './console.js';
import { PANELS } from './panels/panels.js';
import { Boundary } from './parts/boundary.js';
import { Tabs } from './parts/tabs.js';
import { SeatView } from './people/seat-view.js';
import { TimelineView } from './timeline/timeline-view.js';

type Place = 'people' | 'frames' | 'tools';
const PLACES = { people: 'People', frames: 'Frames', tools: 'Tools' } as const;

const PANEL_KEY = 'drawbridge-console-panel';

/** Who comes for the first time begins with the help. */
function lastPanel(): keyof typeof PANELS {
  const name = localStorage.getItem(PANEL_KEY) ?? '';
  return Object.hasOwn(PANELS, name) ? (name as keyof typeof PANELS) : 'help';
}

/** People on the left, what goes over their wires in the middle, tools on the right; where it is narrow, one at a time. */
export const App: FunctionComponent<{ console: Console }> = ({ console }) => {
  const place = useSignal<Place>('people');
  const panel = useSignal(lastPanel());
  useSignalEffect(() => localStorage.setItem(PANEL_KEY, panel.value));
  const Panel = PANELS[panel.value].view;
  return (
    <>
      <a class="skip" href="#frames">
        Skip to the frames
      </a>
      <header class="bar">
        <h1>
          Drawbridge <span>console</span>
        </h1>
        <p class="server">{console.settings.publicUrl}</p>
        <nav class="places" aria-label="Parts of the console">
          {(Object.keys(PLACES) as Place[]).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={place.value === each}
              onClick={() => {
                place.value = each;
              }}
            >
              {PLACES[each]}
            </button>
          ))}
        </nav>
      </header>
      <main class="board" data-place={place.value}>
        <div class="people">
          <Boundary what="The person on the left">
            <SeatView console={console} seat={console.seats.left} />
          </Boundary>
          <Boundary what="The person on the right">
            <SeatView console={console} seat={console.seats.right} />
          </Boundary>
        </div>
        <section class="frames" id="frames" aria-label="Frames" tabIndex={-1}>
          <Boundary what="The frames">
            <TimelineView console={console} />
          </Boundary>
        </section>
        <section class="tools" aria-label="Tools">
          <Tabs label="Tools" tabs={PANELS} chosen={panel} id="tool">
            <Boundary key={panel.value} what="This tool">
              <Panel console={console} />
            </Boundary>
          </Tabs>
        </section>
      </main>
      <p class="visually-hidden" role="status">
        {console.said.value}
      </p>
    </>
  );
};
