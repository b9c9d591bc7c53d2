import { BRIDGE_SCOPES } from '@drawbridge/protocol';

/** A grant without any bridge scope is not made. */
export function hasBridgeScope(scopes: readonly string[]): boolean {
  return BRIDGE_SCOPES.some((scope) => scopes.includes(scope));
}
