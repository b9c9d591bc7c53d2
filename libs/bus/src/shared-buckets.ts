/** What one process took from a token bucket that it shares with others. */
export interface Spent {
  /** The bucket's name, the same in every process; well spread. */
  readonly key: string;
  readonly tokens: number;
  /** Between one token and the next. */
  readonly msEach: number;
  /** However much is taken, the bucket is full again after so long. */
  readonly maxMs: number;
}

/** Token buckets of several processes. They are told of what was taken, and are not asked before. */
export interface SharedBuckets {
  /** Gives, in the same order, in how many milliseconds each bucket will be full. Rejects where nobody can be told. */
  spend(spent: readonly Spent[]): Promise<number[]>;
}

/** What a Redis is asked to run; see RedisWire. */
type Evaluate = (script: string, keys: readonly string[], values: readonly (string | number)[]) => Promise<unknown>;

const NAMESPACE = 'drawbridge:bucket:';
/** In a Cluster the keys of one call lie on one node, which what stands in braces decides. */
const SHARDS = 16;

/**
 * A bucket is known by when it will be full, in microseconds of Redis' own clock, and is forgotten at that time. Whatever else
 * may stand under its key, a list or what is no number, keeps nobody out for longer than a bucket can, and no other bucket from
 * being told of.
 */
const SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local left = {}
for n, key in ipairs(KEYS) do
  local found = redis.pcall('GET', key)
  local fullAt = type(found) == 'string' and tonumber(found) or now
  if fullAt ~= fullAt then fullAt = now end
  fullAt = math.max(fullAt, now) + ARGV[2 * n - 1]
  fullAt = math.min(fullAt, now + ARGV[2 * n])
  local us = math.floor(fullAt - now)
  redis.call('SET', key, string.format('%.0f', fullAt), 'PX', math.floor(us / 1000) + 1)
  left[n] = us
end
return left`;

/** The buckets in Redis. They may be lost at any time: then everybody goes on with what they took themselves (I7). */
export class RedisBuckets implements SharedBuckets {
  constructor(private readonly evaluate: Evaluate) {}

  async spend(spent: readonly Spent[]): Promise<number[]> {
    const shards = new Map<number, number[]>();
    for (const [index, { key }] of spent.entries()) {
      const shard = shardOf(key);
      const there = shards.get(shard);
      if (there) there.push(index);
      else shards.set(shard, [index]);
    }
    const fullInMs: number[] = [];
    const ask = async (shard: number, indexes: readonly number[]) => {
      const keys = indexes.map((index) => `${NAMESPACE}{${shard}}:${spent[index]!.key}`);
      const values = indexes.flatMap((index) => {
        const { tokens, msEach, maxMs } = spent[index]!;
        return [Math.round(tokens * msEach * 1_000), Math.round(maxMs * 1_000)];
      });
      const left = (await this.evaluate(SCRIPT, keys, values)) as number[];
      for (const [n, index] of indexes.entries()) fullInMs[index] = left[n]! / 1_000;
    };
    await Promise.all([...shards].map(([shard, indexes]) => ask(shard, indexes)));
    return fullInMs;
  }
}

function shardOf(key: string): number {
  let sum = 0;
  for (let n = 0; n < key.length; n++) sum += key.charCodeAt(n);
  return sum % SHARDS;
}
