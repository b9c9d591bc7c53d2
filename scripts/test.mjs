// `npm test`: everything that must hold, the quick checks first, and what each of them took.
// `npm test -- libs/consent` passes what follows on to Jest and leaves the checks out.
import { spawnSync } from 'node:child_process';

const onlySome = process.argv.slice(2);
const checks = [
  ['lint', 'formatting and style'],
  ['layers', 'the directions of ARCHITECTURE.md'],
  ['unused', 'unused code and dependencies'],
  ['types', 'types'],
  ['sdk', 'the SDK as it is published: its size, its entries and its types'],
];

let failed = 0;
let passed = 0;
function step(title, args) {
  const start = performance.now();
  console.log(`\n▸ ${title}`);
  const { status } = spawnSync('npm', args, { stdio: 'inherit' });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${status === 0 ? '✓' : '✗'} ${title} (${seconds} s)`);
  if (status === 0) passed++;
  else failed++;
}

if (onlySome.length === 0)
  for (const [script, title] of checks) step(`${script}: ${title}`, ['run', '--silent', script]);
step('tests on a real PostgreSQL, the embedded database and a real Chromium', [
  'run',
  '--silent',
  'jest',
  '--',
  ...onlySome,
]);
console.log(`\nsteps: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
