import { OptionsError } from '../src/command-line.js';
import { HELP, readOptions } from '../src/options.js';
import { trafficTable } from '../src/report.js';
import { runTraffic, type TrafficOptions } from '../src/traffic.js';

const SHORT = { people: 4, perSecond: 40, rounds: 1, warmUpMs: 200, measureMs: 500, progress: () => {} } as const;

const runs: Pick<TrafficOptions, 'scenario' | 'gateways' | 'targets'>[] = [
  { scenario: 'pairs', gateways: 2, targets: ['relay', 'nest', 'socketio', 'bridge'] },
  { scenario: 'group', gateways: 1, targets: ['plain', 'relay', 'nest', 'socketio', 'bridge'] },
];

test.each(runs)(
  'Every server of the benchmark delivers what it is offered, once: $scenario, gateways: $gateways',
  async (run) => {
    const results = await runTraffic({ ...SHORT, ...run });
    expect(results.map(({ target }) => target)).toEqual(run.targets);
    for (const { target, rounds } of results) {
      const [{ sent, acknowledged, expected, delivered, errors, gatewayUs }] = rounds as [(typeof rounds)[number]];
      expect({ target, acknowledged, delivered, errors }).toEqual({
        target,
        acknowledged: sent,
        delivered: sent * (run.scenario === 'pairs' ? 1 : SHORT.people - 1),
        errors: 0,
      });
      expect(expected).toBe(delivered);
      expect(sent).toBe((SHORT.perSecond * SHORT.measureMs) / 1_000);
      expect(gatewayUs).toBeGreaterThan(0);
    }
  },
);

test('A benchmark that lost messages says so in its table', () => {
  const latencyMs = { p50: 1, p99: 2, max: 3 };
  const cost = { gatewayUs: 900, redisUs: undefined, postgresUs: undefined };
  const round = { sent: 10, acknowledged: 9, expected: 10, delivered: 8, errors: 0, latencyMs, ...cost };
  const table = trafficTable('pairs', [{ target: 'relay', idleUs: 500, rounds: [round, round] }]);
  expect(table).toContain('16 of 20');
  expect(table).toContain('4 LOST, 2 UNANSWERED');
});

test('An option of the benchmark that is unknown or wrong is an error that names it', () => {
  const messageOf = (...args: string[]) => {
    try {
      readOptions(args);
      return undefined;
    } catch (error) {
      return error instanceof OptionsError ? error.message : error;
    }
  };
  expect(messageOf('--tagets', 'relay')).toContain('--tagets');
  expect(messageOf('--targets', 'relay,nginx')).toBe(
    "--targets: 'nginx' is none of plain, relay, nest, socketio, bridge",
  );
  expect(messageOf('--rate', 'fast')).toBe("--rate: 'fast' is no number above 0");
  expect(messageOf('--scenario', 'pairs', '--people', '3')).toBe('--people: an even number, for pairs');
  expect(messageOf('--people', '5000')).toContain('a group has 250 people at most');
  expect(messageOf()).toBeUndefined();
  expect(readOptions(['--help'])).toBeUndefined();
  for (const name of ['--scenario', '--gateways', '--targets', '--json', '--profile']) expect(HELP).toContain(name);
});
