import { type CanActivate, Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core';
import { GATEWAY_METADATA } from '@nestjs/websockets/constants.js';
import { GatewayMetrics } from '../metrics/gateway-metrics.js';
import { type CommandRule, commandRule } from './command.js';
import type { DispatchedCommand } from './dispatcher.js';

/** The commands of every `@WebSocketGateway` of the application, found by Nest's own metadata. */
@Injectable()
export class CommandTable implements OnModuleInit {
  private readonly commands = new Map<string, DispatchedCommand>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly modules: ModuleRef,
    private readonly metrics: GatewayMetrics,
  ) {}

  onModuleInit(): void {
    for (const { instance } of this.discovery.getProviders()) {
      if (typeof instance !== 'object' || instance === null) continue;
      const prototype: unknown = Object.getPrototypeOf(instance);
      if (prototype === null || !isGateway(instance.constructor)) continue;
      for (const name of this.scanner.getAllMethodNames(prototype as object)) this.add(instance, name);
    }
  }

  find(event: string): DispatchedCommand | undefined {
    return this.commands.get(event);
  }

  rules(): CommandRule[] {
    return [...this.commands.values()].map(({ rule }) => rule);
  }

  private add(gateway: object, name: string): void {
    const handler = (gateway as Record<string, DispatchedCommand['handler']>)[name]!;
    const rule = commandRule(handler);
    if (!rule) return;
    const guards = [...guardsOf(gateway.constructor), ...guardsOf(handler)];
    if (guards.length === 0) throw new Error(`${rule.event} has no guard`);
    this.commands.set(rule.event, {
      rule,
      gateway,
      handler,
      counts: this.metrics.command(rule.event),
      guards: guards.map((guard) => (typeof guard === 'function' ? this.modules.get(guard, { strict: false }) : guard)),
    });
  }
}

function guardsOf(target: object): (Type<CanActivate> | CanActivate)[] {
  return Reflect.getMetadata(GUARDS_METADATA, target) ?? [];
}

function isGateway(type: unknown): boolean {
  return typeof type === 'function' && Reflect.getMetadata(GATEWAY_METADATA, type) === true;
}
