import { startBridgeTarget } from './bridge.js';
import { startPeer } from './peers.js';
import type { Target, TargetName, TargetOptions } from './target.js';

/** `postgres` is the server that the bridge's database is on, where its CPU is to be told. */
export function startTarget(
  name: TargetName,
  options: TargetOptions,
  postgres?: { readonly pid: number } | undefined,
): Promise<Target> {
  return name === 'bridge' ? startBridgeTarget(options, postgres) : startPeer(name, options);
}
