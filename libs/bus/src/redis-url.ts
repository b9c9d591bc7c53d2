/** Where Redis is, as REDIS_URL says it. */
export type RedisTarget =
  | { readonly kind: 'standalone'; readonly url: string }
  | { readonly kind: 'sentinel'; readonly nodes: readonly RedisNode[]; readonly master: string; readonly login: Login }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[]; readonly login: Login };

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

interface Login {
  readonly username?: string;
  readonly password?: string;
}

const DEFAULT_PORT = { 'redis+sentinel': 26_379, 'redis+cluster': 6_379 } as const;
const SEVERAL = /^(redis\+sentinel|redis\+cluster):\/\/(?:([^@/]*)@)?([^@/?#]+)(?:\/([^/?#]*))?$/;

/**
 * `redis://[user:password@]host[:port][/database]`, `rediss://…`, `redis+sentinel://[user:password@]host:port,…/master`
 * or `redis+cluster://[user:password@]host:port,…`. An Error whose message says what is wrong, without the password.
 */
export function redisTarget(url: string): RedisTarget {
  if (/^rediss?:\/\//.test(url)) {
    if (!URL.canParse(url) || new URL(url).hostname === '') throw new Error('is not an address of a Redis server');
    return { kind: 'standalone', url };
  }
  const [, scheme, login, hosts, path] = SEVERAL.exec(url) ?? [];
  if (scheme !== 'redis+sentinel' && scheme !== 'redis+cluster') {
    throw new Error('must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://');
  }
  const nodes = hosts!.split(',').map((host) => nodeOf(host, DEFAULT_PORT[scheme]));
  if (scheme === 'redis+cluster') return { kind: 'cluster', nodes, login: loginOf(login) };
  if (!path) throw new Error('must end in the name of the master: redis+sentinel://host:26379,host:26379/mymaster');
  return { kind: 'sentinel', nodes, master: path, login: loginOf(login) };
}

function nodeOf(text: string, defaultPort: number): RedisNode {
  const url = `redis://${text}`;
  if (!URL.canParse(url)) throw new Error(`has a host that cannot be read: ${text}`);
  const { hostname: host, port } = new URL(url);
  return { host, port: port === '' ? defaultPort : Number(port) };
}

function loginOf(text: string | undefined): Login {
  if (!text) return {};
  const [username = '', password = ''] = text.split(':').map(decodeURIComponent);
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}
