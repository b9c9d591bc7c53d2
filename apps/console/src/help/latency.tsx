import type { FunctionComponent } from 'preact';

export const LatencyHelp: FunctionComponent = () => (
  <section aria-labelledby="help-latency">
    <h2 id="help-latency">See how long things take</h2>
    <p>
      <b>Latency</b> has every round trip, from a command to its reply, and every delivery, from when a message left one
      person until the other had it. To have something to look at, send pings. p95 is what 95 of 100 were not slower
      than. A message that waited because somebody was offline counts with the whole time.
    </p>
  </section>
);
