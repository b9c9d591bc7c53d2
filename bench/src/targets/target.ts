import type { Client } from '../client.js';
import type { Probe } from '../probe-client.js';
import type { Wire } from '../wire.js';

export const TARGETS = ['plain', 'relay', 'nest', 'socketio', 'bridge'] as const;
export type TargetName = (typeof TARGETS)[number];

export const TITLES: Readonly<Record<TargetName, string>> = {
  plain: 'relay without Redis',
  relay: 'relay',
  nest: 'stock Nest',
  socketio: 'Socket.IO',
  bridge: 'bridge',
};

export interface Gateway {
  /** `ws://host:port` */
  readonly url: string;
  readonly probe: Probe;
}

/** A server under load: its gateways, and whatever they stand on. */
export interface Target extends AsyncDisposable {
  readonly name: TargetName;
  readonly gateways: readonly Gateway[];
  readonly wire: Wire;
  /** One for each person, in the order of the people. */
  readonly tokens: readonly string[];
  /** Whose CPU is told beside the gateways'. */
  readonly redisPid: number | undefined;
  readonly postgresPid: number | undefined;
  /** Makes a conversation of these people, who are all connected; the first of them makes it. Resolves to its id. */
  converse(members: readonly Client[]): Promise<string>;
}

export interface TargetOptions {
  readonly gateways: number;
  readonly people: readonly string[];
  /** Who must be able to make a conversation with whom. */
  readonly shape: 'pairs' | 'group' | 'beside' | 'none';
  /** In `beside`: so many of the people are pairs, and the others a group. */
  readonly directs?: number;
}
