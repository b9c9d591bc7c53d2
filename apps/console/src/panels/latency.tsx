import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import type { Console } from '../console.js';
import { Chart } from '../latency/chart.js';
import { aligned, figuresOf, msWords, since } from '../latency/figures.js';
import { MEASURES, type Measure } from '../latency/latencies.js';
import '../latency/latency.css';
import { MAX_PINGS } from '../latency/ping-burst.js';
import { ActorChoice } from '../parts/actor-choice.js';
import { useNow } from '../parts/use-now.js';
import { SIDES, type Side } from '../wire/entry.js';
import { now } from '../wire/frame-log.js';

const WINDOW_MS = 60_000;
const TITLES: Readonly<Record<Measure, string>> = { roundTrip: 'Round trips', delivery: 'Deliveries' };
const MEANS: Readonly<Record<Measure, string>> = {
  roundTrip: 'from a command to its reply',
  delivery: 'from when a message left one person until the other had it',
};

/** How long things take: for the eye, and in figures. */
export const Latency: FunctionComponent<{ console: Console }> = ({ console }) => {
  const isAll = useSignal(false);
  const { latencies, seats } = console;
  // What is counted arrives by itself, and time goes on where nothing does.
  useNow(500);
  const samplesOf = (side: Side, measure: Measure) => {
    const samples = latencies.samples[side][measure];
    return isAll.value ? samples : since(samples, now() - WINDOW_MS);
  };
  const other = { left: 'right', right: 'left' } as const;
  const nameOf = (side: Side, measure: Measure) =>
    measure === 'roundTrip' ? seats[side].name : `${seats[side].name} to ${seats[other[side]].name}`;
  return (
    <div class="latency">
      <PingForm console={console} />
      <fieldset class="choice">
        <legend>Show</legend>
        {[false, true].map((all) => (
          <label key={String(all)}>
            <input
              type="radio"
              name="latency-window"
              checked={isAll.value === all}
              onChange={() => {
                isAll.value = all;
              }}
            />
            {all ? 'all' : 'the last 60 s'}
          </label>
        ))}
      </fieldset>
      {MEASURES.map((measure) => (
        <section key={measure} aria-labelledby={`${measure}-title`}>
          <h3 id={`${measure}-title`}>{TITLES[measure]}</h3>
          <p class="quiet">{MEANS[measure]}</p>
          <Chart
            read={() => aligned(samplesOf('left', measure), samplesOf('right', measure))}
            window={() => (isAll.value ? undefined : [(now() - WINDOW_MS) / 1_000, now() / 1_000])}
          />
          <table>
            <thead>
              <tr>
                <th scope="col">Whose</th>
                <th scope="col">n</th>
                <th scope="col">p50</th>
                <th scope="col">p95</th>
                <th scope="col">max</th>
              </tr>
            </thead>
            <tbody>
              {SIDES.map((side) => {
                const figures = figuresOf(samplesOf(side, measure));
                return (
                  <tr key={side} data-side={side}>
                    <th scope="row">
                      <span class="swatch" data-side={side} /> <bdi>{nameOf(side, measure)}</bdi>
                    </th>
                    <td>{figures?.count ?? 0}</td>
                    <td>{figures ? msWords(figures.p50) : '–'}</td>
                    <td>{figures ? msWords(figures.p95) : '–'}</td>
                    <td>{figures ? msWords(figures.max) : '–'}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </section>
      ))}
      <p class="buttons">
        <button type="button" onClick={() => latencies.clear()}>
          Forget the figures
        </button>
      </p>
    </div>
  );
};

const PingForm: FunctionComponent<{ console: Console }> = ({ console }) => {
  const count = useSignal('50');
  const { burst, seat } = console;
  const figures = burst.figures.value;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void burst.run(seat, Math.max(1, Math.round(Number(count.value) || 1)));
      }}
    >
      <ActorChoice console={console} />
      <div class="field">
        <label for="pings">Pings, one after the other</label>
        <input
          id="pings"
          type="number"
          min={1}
          max={MAX_PINGS}
          required
          value={count.value}
          onInput={(event) => {
            count.value = event.currentTarget.value;
          }}
        />
      </div>
      <div class="buttons">
        <button type="submit" disabled={burst.isRunning.value}>
          Ping
        </button>
        {burst.isRunning.value && (
          <button type="button" onClick={() => burst.stop()}>
            Stop after {burst.done.value} of {burst.wanted.value}
          </button>
        )}
      </div>
      <p role="status" class="burst">
        {figures &&
          `${figures.count} pings of ${burst.name.value}: p50 ${msWords(figures.p50)}, p95 ${msWords(figures.p95)}, max ${msWords(figures.max)}.`}
      </p>
      {burst.problem.value && (
        <p class="problem" role="alert">
          {burst.problem.value}
        </p>
      )}
    </form>
  );
};
