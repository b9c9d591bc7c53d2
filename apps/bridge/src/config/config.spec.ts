import { Config, ConfigError } from './config.js';
import { editDistance, meantSetting } from './misspelt.js';

function problemsOf(environment: Record<string, string>) {
  try {
    Config.read(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('Settings', () => {
  it('have defaults for one process on a developer’s machine, and the internal port follows the port', () => {
    expect(Config.read({})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      internalPort: 8081,
      publicUrl: 'http://127.0.0.1:8080',
      internalUrl: 'http://127.0.0.1:8081',
      demo: false,
      leaseMs: 3000,
      leaseMarginMs: 2000,
    });
    expect(Config.read({ PORT: '9000', INTERNAL_HOST: '0.0.0.0', DATA_DIR: '' })).toMatchObject({
      publicUrl: 'http://127.0.0.1:9000',
      internalUrl: 'http://127.0.0.1:9001',
    });
    expect([...Config.read({ ROLES: 'gateway, authority' }).roles]).toEqual(['gateway', 'authority']);
  });

  it('are all reported at once, each with its name, what is wrong and an example', () => {
    const problems = problemsOf({
      PORT: 'eighty',
      HOST: 'no host',
      PUBLIC_URL: 'bridge.example.com',
      DATABASE_URL: 'mysql://db/bridge',
      ROLES: 'gateway,janitor',
      DEMO: 'yes',
      LEASE_MS: '10',
      GRANT_DAYS: '-1',
      ADMIN_TOKEN: 'has a space',
      DATBASE_URL: 'postgres://db/bridge',
    });
    expect(problems.map(({ name }) => name)).toEqual([
      'PORT',
      'HOST',
      'PUBLIC_URL',
      'DATABASE_URL',
      'ROLES',
      'DEMO',
      'ADMIN_TOKEN',
      'LEASE_MS',
      'GRANT_DAYS',
      'DATBASE_URL',
    ]);
    for (const { problem, example } of problems) {
      expect(problem.length).toBeGreaterThan(10);
      expect(example).toMatch(/^[A-Z_]+=./);
    }
    expect(problems.at(-1)).toEqual({
      name: 'DATBASE_URL',
      problem: 'is no setting; did you mean DATABASE_URL?',
      example: expect.stringContaining('DATABASE_URL=postgres://'),
    });
  });

  it('refuse what would send tokens in the clear, and ports that do not go together', () => {
    expect(problemsOf({ PUBLIC_URL: 'http://bridge.example.com' })).toMatchObject([{ name: 'PUBLIC_URL' }]);
    expect(problemsOf({ PUBLIC_URL: 'https://bridge.example.com/chat' })).toMatchObject([{ name: 'PUBLIC_URL' }]);
    expect(problemsOf({ PUBLIC_URL: 'http://localhost:8080/' })).toEqual([]);
    expect(problemsOf({ INTERNAL_PORT: '8080' })).toMatchObject([{ name: 'INTERNAL_PORT' }]);
    expect(problemsOf({ PORT: '65535' })).toMatchObject([{ name: 'INTERNAL_PORT' }]);
  });

  it('are stricter in production: no demo, a public origin, tokens that cannot be guessed', () => {
    const production = { NODE_ENV: 'production', HOST: '0.0.0.0', DEMO: 'true', ADMIN_TOKEN: 'password' };
    expect(problemsOf(production).map(({ name }) => name)).toEqual(['DEMO', 'PUBLIC_URL', 'ADMIN_TOKEN']);
    expect(problemsOf({ NODE_ENV: 'production', HOST: '0.0.0.0', PUBLIC_URL: 'https://bridge.example.com' })).toEqual(
      [],
    );
  });

  const PROVIDER = { SIGN_IN_CLIENT_ID: 'drawbridge', SIGN_IN_CLIENT_SECRET: 'a secret' };

  it('know the platform’s provider by all three or not at all, and never half', () => {
    const issuer = 'https://accounts.example.com/realm';
    expect(Config.read({}).signIn).toBeUndefined();
    const { signIn } = Config.read({ ...PROVIDER, SIGN_IN_ISSUER: issuer });
    expect(signIn).toEqual({ issuer, clientId: 'drawbridge', clientSecret: 'a secret', claim: 'sub' });
    expect(problemsOf({ SIGN_IN_ISSUER: issuer }).map(({ name }) => name)).toEqual([
      'SIGN_IN_CLIENT_ID',
      'SIGN_IN_CLIENT_SECRET',
    ]);
    expect(problemsOf(PROVIDER)).toMatchObject([
      { name: 'SIGN_IN_ISSUER', problem: expect.stringContaining('must be') },
    ]);
    expect(problemsOf({ ...PROVIDER, SIGN_IN_ISSUER: 'accounts' })).toMatchObject([{ name: 'SIGN_IN_ISSUER' }]);
    expect(problemsOf({ SIGN_IN_CLAIM: 'person' })).toMatchObject([{ name: 'SIGN_IN_CLAIM' }]);
    // A secret is nowhere in what is said of it.
    expect(JSON.stringify(problemsOf(PROVIDER))).not.toContain('a secret');
  });

  it.each([
    ['the bridge itself', { SIGN_IN_ISSUER: 'http://127.0.0.1:8080/oidc' }],
    ['an address of its discovery', { SIGN_IN_ISSUER: 'https://a.example/.well-known/openid-configuration' }],
    ['what has a password in it', { SIGN_IN_ISSUER: 'https://a:b@accounts.example' }],
    ['another kind of address', { SIGN_IN_ISSUER: 'ftp://accounts.example' }],
    ['http in production', { SIGN_IN_ISSUER: 'http://accounts.example', NODE_ENV: 'production' }],
  ])('refuse %s as the provider', (_, environment) => {
    expect(problemsOf({ ...PROVIDER, ...environment })).toMatchObject([{ name: 'SIGN_IN_ISSUER' }]);
  });

  it('take a provider over http on a loopback address, and anywhere to try', () => {
    expect(problemsOf({ ...PROVIDER, SIGN_IN_ISSUER: 'http://127.0.0.1:4000', NODE_ENV: 'production' })).toEqual([]);
    expect(problemsOf({ ...PROVIDER, SIGN_IN_ISSUER: 'http://accounts:4000' })).toEqual([]);
  });

  it('keep a lease and a margin that a commit under way fits into (I2)', () => {
    expect(problemsOf({ LEASE_MS: '1500', LEASE_MARGIN_MS: '1500' }).map(({ name }) => name)).toEqual([
      'LEASE_MS',
      'LEASE_MARGIN_MS',
    ]);
  });
});

describe('A misspelt setting', () => {
  const names = ['PORT', 'HOST', 'DEMO', 'ROLES', 'DATA_DIR', 'DATABASE_URL', 'LEASE_MARGIN_MS'];

  it.each([
    ['PROT', 'PORT'],
    ['PORTT', 'PORT'],
    ['port', 'PORT'],
    ['ROLE', 'ROLES'],
    ['DATADIR', 'DATA_DIR'],
    ['DRAWBRIDGE_PORT', 'PORT'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['LEASE_MARIGN_MS', 'LEASE_MARGIN_MS'],
  ])('%s is taken for %s', (name, meant) => {
    expect(meantSetting(name, names)).toBe(meant);
  });

  it.each([
    'PATH',
    'HOME',
    'HOSTNAME',
    'SORT',
    'MODE',
    'MEMO',
    'npm_config_port',
    'TMPDIR',
    'USER',
    'NODE_ENV',
    'PORT',
  ])('%s is left alone', (name) => {
    expect(meantSetting(name, names)).toBeUndefined();
  });

  it('is measured with exchanged neighbours as one mistake', () => {
    expect([editDistance('PROT', 'PORT'), editDistance('', 'ab'), editDistance('same', 'same')]).toEqual([1, 2, 0]);
  });
});
