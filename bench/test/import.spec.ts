import { IMPORT_HELP, readImportOptions } from '../src/import/options.js';
import { importReport } from '../src/import/report.js';
import { runImport } from '../src/import/run.js';

const PATIENT_MS = 300_000;

test(
  'A history that is imported with a kill on the way is there once, in its order, by SQL and by the API (I3, I5)',
  async () => {
    // Slow enough to be killed in the middle on any machine.
    const options = { messages: 4_000, people: 60, kills: 1, rate: 1_000, seed: 1, file: undefined };
    const result = await runImport(options, () => {});
    expect(result.problems).toEqual([]);
    expect(result.runs.map(({ killed }) => killed)).toEqual([true, false]);
    expect(result.stored + result.again).toBeGreaterThan(4_000);
    expect(importReport(result)).toMatch(/\nPASSED: 4000 messages, 1 kills/);
  },
  PATIENT_MS,
);

test('An option of the import that is unknown or wrong is an error that names it', () => {
  expect(() => readImportOptions(['--masseges', '5'])).toThrow('--masseges');
  expect(() => readImportOptions(['--messages', '0'])).toThrow("--messages: '0' is no whole number");
  expect(readImportOptions(['--help'])).toBeUndefined();
  for (const name of ['--messages', '--people', '--kills', '--rate', '--seed', '--file'])
    expect(IMPORT_HELP).toContain(name);
});
