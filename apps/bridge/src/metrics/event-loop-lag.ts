import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Histogram, type Registry } from 'prom-client';

/**
 * The monitor's timer; the delays it tells of include this wait. A finer one costs a gateway with nothing to do more
 * than all the rest of its work.
 */
const RESOLUTION_MS = 50;
const EVERY_MS = 1_000;
const BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Tells the worst delay of every second. The timers do not keep the process alive. */
export function measureEventLoopLag(registry: Registry): void {
  const histogram = new Histogram({
    name: 'drawbridge_event_loop_lag_seconds',
    help: 'How late the event loop came at worst, one observation for each second.',
    buckets: BUCKETS_S,
    registers: [registry],
  });
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  monitor.enable();
  setInterval(() => {
    if (monitor.count === 0) return;
    const lagS = Math.max(0, monitor.max / 1e9 - RESOLUTION_MS / 1e3);
    histogram.observe(lagS);
    // A monitor that is reset misses the wait under way, so it is done only where the maximum would be told again.
    if (lagS > BUCKETS_S[0]!) monitor.reset();
  }, EVERY_MS).unref();
}
