// The order of Jest's test files: the longest first, so that the two workers end together. Jest does that by itself
// where it has timings; in a fresh clone it goes by the size of the files, and some of the longest tests are short files.
import { statSync } from 'node:fs';
import Sequencer from '@jest/test-sequencer';

/** Seconds of those that take long for what they wait for or start, as measured; the table only has to be about right. */
const SECONDS = {
  'apps/bridge/test/cluster/ends.spec.ts': 72,
  'libs/client/test/faults.spec.ts': 22,
  'apps/bridge/test/cluster/faults.spec.ts': 41,
  'apps/console/test/console.spec.ts': 40,
  'apps/bridge/test/start.spec.ts': 40,
  'bench/test/bench.spec.ts': 32,
  'bench/test/hostile.spec.ts': 35,
  'libs/bus/src/bus-contract.spec.ts': 35,
  'apps/console/test/faults.spec.ts': 30,
  'apps/bridge/test/person.spec.ts': 30,
  'apps/bridge/test/pages/pages.spec.ts': 25,
  'apps/bridge/test/tableside.spec.ts': 20,
  'apps/bridge/test/device-demo.spec.ts': 20,
  'libs/client/test/browser.spec.ts': 20,
  'apps/tunebox/test/tunebox.spec.ts': 25,
  'bench/test/chaos.spec.ts': 22,
  'apps/example-platform/test/story.spec.ts': 20,
  'libs/consent/test/taking-away.spec.ts': 30,
  'libs/consent/test/ending.spec.ts': 25,
  'libs/consent/test/lease.spec.ts': 20,
  'libs/consent/test/sweep.spec.ts': 15,
  'libs/testing/src/cluster-main.spec.ts': 18,
  'libs/testing/src/cluster.spec.ts': 10,
  'libs/database/src/data-dir-lock.spec.ts': 12,
  'libs/database/src/database.spec.ts': 15,
  'libs/people/test/sign-in.spec.ts': 15,
};
/** Of all others: what their size says. */
const BYTES_A_SECOND = 1_500;

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const weight = new Map(tests.map((test) => [test, this.seconds(test)]));
    return [...tests].sort(
      (a, b) => Number(this.hasFailed(b)) - Number(this.hasFailed(a)) || weight.get(b) - weight.get(a),
    );
  }

  seconds(test) {
    test.duration = this.time(test);
    if (test.duration !== undefined) return test.duration / 1_000;
    const file = test.path.slice(test.context.config.rootDir.length + 1);
    return SECONDS[file] ?? statSync(test.path).size / BYTES_A_SECOND;
  }
}
