import type { TakenEffect } from '@drawbridge/consent';
import { Injectable } from '@nestjs/common';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { Config } from '../config/config.js';
import { measureEventLoopLag } from './event-loop-lag.js';

/** About a month; Node's timers take no more. */
const NEVER_MS = 2_147_483_647;

/** What `/metrics` of this process serves: its own registry, with what every process has; a gateway adds to it. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly consentEnds = new Histogram({
    name: 'drawbridge_consent_end_seconds',
    help: 'Time from the request to end a consent until the end was effective, by what confirmed it.',
    labelNames: ['confirmed'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 30],
    registers: [this.registry],
  });

  constructor(config: Config) {
    // Its own monitor of the event loop ticks every 10 ms for figures that drawbridge_event_loop_lag_seconds tells better.
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: NEVER_MS });
    for (const { name } of this.registry.getMetricsAsArray())
      if (name.startsWith('nodejs_eventloop_lag')) this.registry.removeSingleMetric(name);
    measureEventLoopLag(this.registry);
    new Gauge({
      name: 'drawbridge_info',
      help: 'Always 1; its labels say which process this is.',
      labelNames: ['gateway', 'roles'],
      registers: [this.registry],
    }).set({ gateway: config.gatewayId, roles: [...config.roles].join(',') }, 1);
    for (const confirmed of ['ack', 'lease_expired'] as const) this.consentEnds.zero({ confirmed });
  }

  consentEnded({ seconds, confirmed }: TakenEffect): void {
    this.consentEnds.observe({ confirmed }, seconds);
  }

  /** To be told of each attempt to tell the platform something. */
  webhooks(): (outcome: 'told' | 'failed' | 'parked') => void {
    const counter = new Counter({
      name: 'drawbridge_webhooks_total',
      help: 'Attempts to tell the platform of an event, by what came of them; parked: given up after days.',
      labelNames: ['outcome'],
      registers: [this.registry],
    });
    for (const outcome of ['told', 'failed', 'parked']) counter.inc({ outcome }, 0);
    return (outcome) => counter.inc({ outcome });
  }

  /** To be told of each call of the two APIs that was refused because too many came. */
  apiRefusals(): (api: 'platform' | 'operators', limit: 'calls' | 'writes' | 'tokens') => void {
    const counter = new Counter({
      name: 'drawbridge_api_refused_total',
      help: 'Calls of the HTTP APIs on the internal listener that were answered 429, by the API and the limit.',
      labelNames: ['api', 'limit'],
      registers: [this.registry],
    });
    for (const limit of ['calls', 'writes', 'tokens']) counter.inc({ api: 'platform', limit }, 0);
    counter.inc({ api: 'operators', limit: 'tokens' }, 0);
    return (api, limit) => counter.inc({ api, limit });
  }

  /** To be told of each sign-in at the platform's provider, by what came of it: `signed_in`, or why nobody was. */
  providerSignIns(): (outcome: string) => void {
    const counter = new Counter({
      name: 'drawbridge_provider_sign_ins_total',
      help: 'Sign-ins at the platform’s OpenID provider, by what came of them.',
      labelNames: ['outcome'],
      registers: [this.registry],
    });
    counter.inc({ outcome: 'signed_in' }, 0);
    return (outcome) => counter.inc({ outcome });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Everything, in the text format of Prometheus. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
}
