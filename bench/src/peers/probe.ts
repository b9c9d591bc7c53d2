/**
 * Loaded into every gateway of the benchmark, the bridge's too (`NODE_OPTIONS=--import`): answers what the process
 * itself knows, over a socket that is named in BENCH_PROBE. One word in a line asks, one line of JSON answers.
 */
import { createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const SAMPLE_EVERY_US = 200;
/** V8 gives pages back to the system in the background. */
const COLLECT_PAUSE_MS = 300;
const COLLECTIONS = 3;

type Profiler = import('node:inspector/promises').Session;
let profiler: Profiler | undefined;

const answers: Record<string, () => unknown> = {
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  memory: () => process.memoryUsage(),
  collect: async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let n = 0; n < COLLECTIONS; n++) {
      collect();
      await wait(COLLECT_PAUSE_MS);
    }
    return process.memoryUsage();
  },
  'profile.start': async () => {
    const { Session } = await import('node:inspector/promises');
    profiler = new Session();
    profiler.connect();
    await profiler.post('Profiler.enable');
    await profiler.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
    await profiler.post('Profiler.start');
    return true;
  },
  'profile.stop': async () => {
    const { profile } = await profiler!.post('Profiler.stop');
    profiler!.disconnect();
    return profile;
  },
};

function answer(socket: Socket): void {
  socket.setEncoding('utf8').unref();
  socket.on('error', () => socket.destroy());
  socket.on('data', async (line: string) => {
    socket.write(`${JSON.stringify(await answers[line.trim()]?.())}\n`);
  });
}

if (process.env.BENCH_PROBE) createServer(answer).listen(process.env.BENCH_PROBE).unref();
