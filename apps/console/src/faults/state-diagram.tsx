import type { StateName } from '@drawbridge/client';
import { STATES } from '@drawbridge/client/states';
import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { Time } from '../parts/time.js';
import { useNow } from '../parts/use-now.js';
import type { Seat } from '../people/seat.js';
import { clock } from '../timeline/row.js';
import { durationWords, type StateHistory, type Stay } from './state-history.js';
import { BOX, EDGES, MAP, PLACES, pathOf, STATE_MEANS } from './state-map.js';

/** The SDK's states as a map, with where one person's SDK is, and how it came there. */
export const StateDiagram: FunctionComponent<{ console: Console; seat: Seat }> = ({ console, seat }) => {
  const history = console.states[seat.side];
  const { now, before } = history;
  return (
    <figure class="states" aria-labelledby="states-title">
      <h3 id="states-title">
        The SDK of <bdi>{seat.name}</bdi>
      </h3>
      <Drawing current={now.state} from={before?.state} />
      <figcaption aria-live="polite" aria-atomic="true" data-state={now.state}>
        <b>{now.state}</b>: {STATE_MEANS[now.state]}.{before && ` ${howItCame(before, now)}`}
      </figcaption>
    </figure>
  );
};

/** The states that one person's SDK has been in, and for how long. */
export const States: FunctionComponent<{ history: StateHistory }> = ({ history }) => {
  const stays = history.stays.value;
  const at = useNow(1_000);
  return (
    <details class="stays">
      <summary>Where it has been ({stays.length})</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls can be reached by keyboard. */}
      <section class="scrolls" tabIndex={0} aria-label="The states, newest first">
        <table>
          <thead>
            <tr>
              <th scope="col">Since</th>
              <th scope="col">State</th>
              <th scope="col">For</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {stays.toReversed().map((stay) => (
              <tr key={stay.number}>
                <td>
                  <Time at={stay.since} />
                </td>
                <td>{stay.state}</td>
                <td>{durationWords(Math.max(0, (stay.until ?? at) - stay.since))}</td>
                <td>
                  {stay.reason ?? '–'}
                  {stay.told > 1 && ` (${stay.told} times)`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
};

function howItCame(before: Stay, { state, reason, since }: Stay): string {
  const inputs = EDGES.find(({ from, to }) => from === before.state && to === state)?.inputs ?? [];
  const how = [inputs.join(' or '), reason].filter(Boolean).join(', ');
  return `From ${before.state} at ${clock(since)}${how ? ` (${how})` : ''}.`;
}

const Drawing: FunctionComponent<{ current: StateName; from: StateName | undefined }> = ({ current, from }) => {
  const isLast = (edge: (typeof EDGES)[number]) => edge.from === from && edge.to === current;
  return (
    <svg
      viewBox={`0 0 ${MAP.width} ${MAP.height}`}
      role="img"
      aria-label={`Map of the SDK's states: ${STATES.join(', ')}. It is in ${current}${from ? `, and came from ${from}` : ''}.`}
    >
      <defs>
        {['edge', 'last'].map((name) => (
          <marker
            key={name}
            id={`arrow-${name}`}
            class={`arrow ${name}`}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="8"
            markerHeight="8"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 0.5 L8 4 L0 7.5 Z" />
          </marker>
        ))}
      </defs>
      {EDGES.toSorted((a, b) => Number(isLast(a)) - Number(isLast(b))).map((edge) => (
        <path
          key={`${edge.from} ${edge.to}`}
          class={`edge${isLast(edge) ? ' last' : edge.from === current ? ' open' : ''}`}
          d={pathOf(edge)}
          marker-end={`url(#arrow-${isLast(edge) ? 'last' : 'edge'})`}
        >
          <title>{`${edge.from} → ${edge.to}: ${edge.inputs.join(', ')}`}</title>
        </path>
      ))}
      {STATES.map((state) => {
        const { x, y } = PLACES[state];
        return (
          <g key={state} class={`box${state === current ? ' current' : ''}`} data-state={state}>
            <title>{STATE_MEANS[state]}</title>
            <rect x={x - BOX.width / 2} y={y - BOX.height / 2} width={BOX.width} height={BOX.height} rx="7" />
            <text x={x} y={y + 4}>
              {state}
            </text>
          </g>
        );
      })}
    </svg>
  );
};
