// `npm test`: everything that must hold, the quick checks first, and what each of them took.
// `npm test -- libs/consent` passes what follows on to Jest and leaves the checks out.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

const onlySome = process.argv.slice(2);
/** The longest first. */
const checks = [
  ['types', 'types'],
  ['lint', 'formatting and style'],
  ['layers', 'the directions of ARCHITECTURE.md'],
  ['unused', 'unused code and dependencies'],
  ['sdk', 'the SDK as it is published: its size, its entries and its types'],
];

let failed = 0;
let passed = 0;
function finished(title, status, start) {
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${status === 0 ? '✓' : '✗'} ${title} (${seconds} s)`);
  if (status === 0) passed++;
  else failed++;
}

function step(title, args) {
  const start = performance.now();
  console.log(`\n▸ ${title}`);
  const { status } = spawnSync('npm', args, { stdio: 'inherit' });
  finished(title, status, start);
}

/** Its output is shown when it is over: two run at once, because each uses one processor. */
async function check([script, about]) {
  const start = performance.now();
  const running = spawn('npm', ['run', '--silent', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  for (const stream of [running.stdout, running.stderr]) stream.on('data', (bytes) => output.push(bytes));
  const [status] = await once(running, 'close');
  const title = `${script}: ${about}`;
  console.log(`\n▸ ${title}`);
  process.stdout.write(Buffer.concat(output));
  finished(title, status, start);
}

if (onlySome.length === 0) {
  const waiting = [...checks];
  const next = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) await check(one);
  };
  await Promise.all([next(), next()]);
}
step('tests on a real PostgreSQL, the embedded database and a real Chromium', [
  'run',
  '--silent',
  'jest',
  '--',
  ...onlySome,
]);
console.log(`\nsteps: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
