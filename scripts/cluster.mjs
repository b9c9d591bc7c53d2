// `npm run cluster [-- --gateways 3 --port 8080]`: several bridges on this machine, for developers; see
// libs/testing/src/cluster-main.ts. It runs in a session of its own, so that Ctrl-C reaches the bridges before their
// database and not at the same time; it ends when this process does, however that ends.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const cluster = fork(at('run-ts.mjs'), [at('../libs/testing/src/cluster-main.ts'), ...process.argv.slice(2)], {
  cwd: at('..'),
  detached: true,
  execArgv: ['--disable-warning=ExperimentalWarning', '--enable-source-maps'],
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => cluster.kill('SIGTERM'));
cluster.on('exit', (code) => process.exit(code ?? 1));
