import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Database } from '@drawbridge/database';
import { postgresUrl } from '@drawbridge/testing';
import { eventually, LEASE_MS, MARGIN_MS, open, World } from './fixtures.js';

const runTs = fileURLToPath(new URL('../../../scripts/run-ts.mjs', import.meta.url));
const program = fileURLToPath(new URL('./gateway-process.ts', import.meta.url));

describe('A gateway process that is frozen', () => {
  let world: World;
  let url: string;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    url = await postgresUrl();
    world = await World.on(await Database.open({ url, poolSize: 4 }));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await world[Symbol.asyncDispose]();
  });

  function startGateway(grant: string) {
    const lines: string[] = [];
    const child = spawn(process.execPath, [runTs, program, url, grant, `${LEASE_MS}`, `${MARGIN_MS}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
    const delivered = () =>
      lines.filter((line) => line.startsWith('delivered')).map((line) => Number(line.split(' ')[1]));
    return { child, lines, delivered };
  }

  test('I1 I2 I6 delivers nothing after the end is effective, when it wakes up again', async () => {
    const grant = await world.grant();
    const frozen = startGateway(grant.id);
    const lease = await world.lease({ gateway: 'well' });
    const { session } = await open(lease, grant);
    await eventually(() => frozen.delivered().length > 10);
    frozen.child.kill('SIGSTOP');
    const asked = performance.now();
    const [receipt] = await world.endings().end({ grants: [grant.id], reason: 'revoked_by_person', by: 'person' });
    const took = performance.now() - asked;
    frozen.child.kill('SIGCONT');
    await eventually(() => frozen.lines.includes('revoked_by_person'));
    expect(took).toBeLessThan(LEASE_MS + MARGIN_MS + 1_500);
    expect(session.ended).toBe('revoked_by_person');
    expect(receipt?.gateways.map(({ id, confirmed }) => [id, confirmed])).toEqual(
      expect.arrayContaining([
        ['frozen', 'lease_expired'],
        ['well', 'ack'],
      ]),
    );
    expect(receipt?.connectionsClosed).toBe(2);
    expect(Math.max(...frozen.delivered())).toBeLessThanOrEqual(Date.parse(receipt?.effectiveAt ?? ''));
  });

  test('I2 I8 is forgotten when it is killed: its row goes, and the next end waits for nobody', async () => {
    const grant = await world.grant();
    const other = await world.grant();
    const killed = startGateway(grant.id);
    await world.lease({ gateway: 'well' });
    await eventually(() => killed.delivered().length > 0);
    killed.child.kill('SIGKILL');
    const endings = world.endings();
    endings.startSweep();
    const [first] = await endings.end({ grants: [grant.id], reason: 'signed_out', by: 'app' });
    expect(first?.gateways).toContainEqual({ id: 'frozen', confirmed: 'lease_expired', at: first?.effectiveAt });
    await eventually(async () => {
      const [next] = await endings.end({ grants: [(await world.grant()).id], reason: 'signed_out', by: 'app' });
      return next?.gateways.length === 1;
    });
    const [last] = await endings.end({ grants: [other.id], reason: 'signed_out', by: 'app' });
    expect(last?.gateways).toMatchObject([{ id: 'well', confirmed: 'ack' }]);
  });
});
