export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/bench'],
  testMatch: ['**/*.spec.ts', '**/*.spec.tsx'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: { '^.+\\.tsx?$': '@swc/jest' },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  globalSetup: '<rootDir>/libs/testing/src/global-setup.ts',
  globalTeardown: '<rootDir>/libs/testing/src/global-teardown.ts',
  testSequencer: '<rootDir>/scripts/longest-first.mjs',
  testTimeout: 120_000,
  maxWorkers: 2,
  // The modules of every test file stay in the memory of the worker that ran it. With 800 MB of them a collection of garbage takes up to
  // 0.9 s, in which a gateway in that worker renews no lease (node --trace-gc, one worker); with 400 MB, a third of that.
  workerIdleMemoryLimit: '400MB',
};
