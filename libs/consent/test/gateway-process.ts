/** A gateway in a process of its own, to be frozen: writes a line to stdout at each turn in which it may deliver. */
import { writeSync } from 'node:fs';
import { InProcessBus } from '@drawbridge/bus';
import { Database } from '@drawbridge/database';
import { ConsentLease } from '../src/index.js';
import { ALL, READ } from './fixtures.js';

const [url = '', grant = '', leaseMs = '', marginMs = ''] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);

const database = await Database.open({ url, poolSize: 2 });
const lease = new ConsentLease({
  database,
  bus: new InProcessBus(),
  instance: crypto.randomUUID(),
  gateway: 'frozen',
  leaseMs: Number(leaseMs),
  marginMs: Number(marginMs),
  onLost: (reason) => say(reason),
  onLapsed: () => say('lapsed'),
  onRestored: () => say('restored'),
});
await lease.start();
const session = await lease.open({
  grant,
  clientId: 'tunebox-desktop',
  personId: 'alice',
  tokenScopes: ALL,
  tokenExpiresAtMs: Number.POSITIVE_INFINITY,
  listener: { ended: (reason) => say(reason), narrowed: () => {}, superseded: () => say('superseded') },
});
if ('refused' in session) throw new Error(session.refused);

setInterval(() => {
  // The time is taken first: what it says is before the check, never after.
  const at = Date.now();
  if (session.canDeliver(READ)) say(`delivered ${at}`);
}, 5);
