// What people feel of a release: `npm run sdk:rolling [-- --clients 300]`; it fails where a send fails, or a client lacks something.
import { parseArgs } from 'node:util';
import { stopOwnPostgres } from '@drawbridge/testing';
import { rollingRestart } from './rolling.js';

const { values } = parseArgs({ options: { clients: { type: 'string', default: '300' } } });
console.log('Three gateways behind HAProxy are restarted one after the other …');
const result = await rollingRestart({ gateways: 3, clients: Number(values.clients), betweenMs: 3_000 });
const { clients, sent, failures, incomplete, reconnects, slowestSendMs, longestPauseMs } = result;
console.log(`${clients} clients sent ${sent}, failed ${failures.length}`);
console.log(`people whose clients differ: ${incomplete.join() || 'none'}`);
const reasons = Object.entries(Object.groupBy(reconnects, (reason) => reason));
console.log(
  `without a connection: ${reasons.map(([reason, all]) => `${reason} ${all?.length}`).join(', ') || 'nobody'}`,
);
console.log(
  `slowest send ${Math.round(slowestSendMs)} ms, longest pause without a message ${Math.round(longestPauseMs)} ms`,
);
for (const failure of failures) console.error(failure);
if (failures.length > 0 || incomplete.length > 0) process.exitCode = 1;
await stopOwnPostgres();
