import type { FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { clock } from '../timeline/row.js';
import { msWords } from './figures.js';

const HEIGHT = 150;
const REDRAWN_EVERY_MS = 500;

interface ChartProps {
  /** Called for each drawing: time in seconds, and both people's milliseconds. */
  readonly read: () => UPlot.AlignedData;
  /** What the axis shows, in seconds; undefined: all that there is. */
  readonly window: () => readonly [from: number, to: number] | undefined;
}

/**
 * Both people's times, drawn again while it is looked at. It is a picture: the table beside it says the same in words.
 * The left one is a full line with discs, the right one dashed with rings, so that colour is not needed.
 */
export const Chart: FunctionComponent<ChartProps> = ({ read, window: shown }) => {
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef({ read, shown });
  latest.current = { read, shown };
  useEffect(() => {
    const element = box.current!;
    const chart = new UPlot(options(element.clientWidth), latest.current.read(), element);
    const draw = () => {
      const range = latest.current.shown();
      chart.setData(latest.current.read(), range === undefined);
      if (range) chart.setScale('x', { min: range[0], max: range[1] });
    };
    draw();
    const timer = setInterval(draw, REDRAWN_EVERY_MS);
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    // The colours are those of the page, which has others in the dark.
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const recolour = () => chart.redraw(false, true);
    dark.addEventListener('change', recolour);
    return () => {
      clearInterval(timer);
      observer.disconnect();
      dark.removeEventListener('change', recolour);
      chart.destroy();
    };
  }, []);
  return <div class="chart" ref={box} aria-hidden="true" />;
};

/** 15:04:05 */
const timeWords = (seconds: number) => clock(seconds * 1_000).slice(0, 8);

const colour = (name: string) => () => getComputedStyle(document.documentElement).getPropertyValue(name);

function options(width: number): UPlot.Options {
  const axis = { stroke: colour('--quiet'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
  const series = { spanGaps: true, width: 1.5 };
  return {
    width: Math.max(width, 100),
    height: HEIGHT,
    // On the right, half of the last time has to have room.
    padding: [8, 30, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_chart, _min, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { ...axis, space: 80, size: 28, values: (_chart, ticks) => ticks.map(timeWords) },
      { ...axis, size: 58, values: (_chart, ticks) => ticks.map(msWords) },
    ],
    series: [
      {},
      { ...series, stroke: colour('--left'), points: { show: true, size: 4, fill: colour('--left') } },
      {
        ...series,
        stroke: colour('--right'),
        dash: [5, 4],
        points: { show: true, size: 6, width: 1.5, fill: colour('--card') },
      },
    ],
  };
}
