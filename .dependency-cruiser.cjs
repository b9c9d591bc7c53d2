// The directions of ARCHITECTURE.md, as rules. `npm run layers` checks them, and `npm test` runs it.
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from, pathNot: '(\\.spec\\.tsx?$|^libs/[^/]+/(test|bench)/)' },
  to: { path: '^(libs|apps|bench)/', pathNot: [from, ...allowed] },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'At run time: two classes of one thing may know each other by type.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'one-public-entry',
      comment: 'A library is used through its index.ts, and the SDK through its entries.',
      severity: 'error',
      from: { path: '^(libs|apps)/([^/]+)/' },
      to: {
        path: '^libs/[^/]+/',
        pathNot: [
          '^libs/$2/',
          '^libs/[^/]+/src/index\\.ts$',
          '^libs/client/src/(state|outbox/(file|indexed-db)|sign-in/(node|browser))\\.ts$',
        ],
      },
    },
    only('protocol-stands-alone', '^libs/protocol/', []),
    only('database-knows-no-domain', '^libs/database/', []),
    only('bus-knows-no-domain', '^libs/bus/', []),
    only('ledger-knows-no-domain', '^libs/ledger/', ['^libs/database/']),
    only('outbox-knows-no-domain', '^libs/outbox/', ['^libs/database/']),
    only('people', '^libs/people/', ['^libs/(database|ledger|protocol)/']),
    only('partners', '^libs/partners/', ['^libs/(database|ledger|protocol)/']),
    only('consent', '^libs/consent/', ['^libs/(database|bus|ledger|protocol)/']),
    only('messaging-knows-no-consent', '^libs/messaging/', ['^libs/(database|bus|protocol)/']),
    only('client-stands-alone', '^libs/client/', ['^libs/protocol/']),
    {
      name: 'client-takes-types-alone',
      comment: 'Partners have the SDK without the rest of this repository.',
      severity: 'error',
      from: { path: '^libs/client/src/' },
      to: { path: '^libs/protocol/', dependencyTypesNot: ['type-only'] },
    },
    only('console-knows-the-sdk-alone', '^apps/console/', ['^libs/client/']),
    only('cli-stands-alone', '^apps/cli/', ['^libs/testing/', '^libs/protocol/']),
    only('example-platform-is-another-company', '^apps/example-platform/', ['^libs/(database|testing)/']),
    {
      name: 'domain-imports-no-nest',
      severity: 'error',
      from: { path: '^libs/', pathNot: '\\.module\\.ts$' },
      to: { path: 'node_modules/@nestjs/' },
    },
    {
      name: 'tests-library-in-tests-only',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: ['\\.spec\\.tsx?$', '^libs/testing/', '/(test|bench)/'] },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'not-to-dev-dependencies',
      severity: 'error',
      from: {
        path: '^(libs|apps)/',
        pathNot: ['\\.spec\\.tsx?$', '^libs/testing/', '/(test|bench)/', '/vite\\.config\\.ts$'],
      },
      // A peer is there for whoever uses it, and for the tests it is here.
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm-peer'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    exclude: { path: '^dist/' },
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
