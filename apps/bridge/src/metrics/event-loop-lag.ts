import { Histogram, type Registry } from 'prom-client';

/** A finer timer costs a gateway with nothing to do more than all the rest of its work. */
const TICK_MS = 50;
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
  let worstMs = 0;
  let due = performance.now() + TICK_MS;
  setInterval(() => {
    const now = performance.now();
    worstMs = Math.max(worstMs, now - due);
    due = now + TICK_MS;
  }, TICK_MS).unref();
  setInterval(() => {
    histogram.observe(worstMs / 1_000);
    worstMs = 0;
  }, EVERY_MS).unref();
}
