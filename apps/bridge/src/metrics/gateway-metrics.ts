import type { LostReason } from '@drawbridge/consent';
import { CLOSE_CODES, type CloseReason, ERROR_CODES, type ErrorCode } from '@drawbridge/protocol';
import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Commands that are not known are told under one name, whatever the client called them, so that the label is bounded (I9). */
const UNKNOWN_EVENT = 'unknown';
/** Outcomes that are told before they have happened, because alerts are about their growth. */
const ALWAYS_TOLD: ReadonlySet<string> = new Set(['ok', 'internal', 'unavailable', 'consent_unverifiable']);
/** The codes of closes by the client, or of its loss, that are told; every other one is `other`. */
const CLIENTS_CODES: ReadonlySet<number> = new Set([1000, 1001, 1002, 1005, 1006, 1007, 1009]);
const LOST_CODE = 1006;

/** Why the bridge closed a connection. No client is told `no_pong`: it did not answer. */
export type ClosedBecause = CloseReason | 'no_pong';

/** How often one command ended in what: plain numbers, because there is a command in every frame. */
export type OutcomeCounts = Record<'ok' | ErrorCode, number>;

/** What is read when somebody asks for `/metrics`, and costs nothing in between. */
export interface GatewaySources {
  readonly leaseMs: number;
  /** How long consent is proven for; less than nothing when it is not. */
  leaseLeftMs(): number;
  connections(): Readonly<Record<'opening' | 'open' | 'closing', number>>;
  framesWritten(): Readonly<Record<'event' | 'other', number>>;
  /** Commands that were refused because there were too many, by the limit. */
  rateLimited(): Readonly<Record<string, number>>;
  hints(): Readonly<Record<'sent' | 'received' | 'missed' | 'healed', number>>;
  /** Where there is a bus between processes: whether it can be reached, who is known, and what was not of this installation. */
  bus(): { readonly connected: boolean; readonly peers: number; readonly refused: number } | undefined;
}

/**
 * What a gateway counts. Frames, commands and hints are plain numbers here, which the registry reads when it is asked;
 * only what is rare, such as a close or a commit, goes into a metric as it happens.
 */
@Injectable()
export class GatewayMetrics {
  private framesReceived = 0;
  private readonly commands = new Map<string, OutcomeCounts>();

  private readonly failedOpens = new Map<ClosedBecause | 'client', number>();
  private readonly closes = new Counter({
    name: 'drawbridge_closes_total',
    help: 'Connections that were closed, by close code and reason; the reason is `client` where the client closed or was lost.',
    labelNames: ['code', 'reason'],
    registers: [],
  });
  private readonly lapses = new Counter({
    name: 'drawbridge_lease_lapses_total',
    help: 'How often consent could not be proven any more, by why.',
    labelNames: ['reason'],
    registers: [],
  });
  private readonly doubts = new Counter({
    name: 'drawbridge_hints_in_doubt_total',
    help: 'How often hints may have been lost, so that mailboxes were compared with the store, by why.',
    labelNames: ['why'],
    registers: [],
  });
  private readonly removed = new Counter({
    name: 'drawbridge_removed_total',
    help: 'What this process removed because it is no longer kept, by what: mailbox entries, messages.',
    labelNames: ['what'],
    registers: [],
  });
  private readonly presence = new Counter({
    name: 'drawbridge_presence_changes_total',
    help: 'People that this process told their contacts of, by what they became.',
    labelNames: ['to'],
    registers: [],
  });
  private readonly commitSends = new Histogram({
    name: 'drawbridge_commit_sends',
    help: 'Sends in one batch that was committed.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers: [],
  });
  private readonly commitSeconds = new Histogram({
    name: 'drawbridge_commit_seconds',
    help: 'Time that one batch of sends took in the database.',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 1.5],
    registers: [],
  });

  /** For commands that are not known, and frames that are none. */
  readonly unknownCommand = this.command(UNKNOWN_EVENT);

  /** Asked once for each command; whoever runs the command counts up what it ended in. */
  command(event: string): OutcomeCounts {
    const codes: (keyof OutcomeCounts)[] = ['ok', ...(Object.keys(ERROR_CODES) as ErrorCode[])];
    const counts = Object.fromEntries(codes.map((code) => [code, 0])) as OutcomeCounts;
    this.commands.set(event, counts);
    return counts;
  }

  frameReceived(): void {
    this.framesReceived += 1;
  }

  /** `because` is undefined where the bridge did not close it; `code` is what the socket then says. */
  closed(because: ClosedBecause | undefined, code: number, wasOpen: boolean): void {
    if (because === undefined) this.closes.inc({ code: CLIENTS_CODES.has(code) ? code : 'other', reason: 'client' });
    else this.closes.inc({ code: because === 'no_pong' ? LOST_CODE : CLOSE_CODES[because], reason: because });
    if (wasOpen) return;
    const outcome = because ?? 'client';
    this.failedOpens.set(outcome, (this.failedOpens.get(outcome) ?? 0) + 1);
  }

  batchCommitted(sends: number, ms: number): void {
    this.commitSends.observe(sends);
    this.commitSeconds.observe(ms / 1_000);
  }

  /** Consent could not be proven any more. */
  leaseLapsed(reason: 'lapsed' | LostReason): void {
    this.lapses.inc({ reason });
  }

  /** Hints may have been lost. `why` is one of a few words. */
  hintsInDoubt(why: string): void {
    this.doubts.inc({ why });
  }

  /** `what` is one of a few words. */
  removedOld(what: string, rows: number): void {
    this.removed.inc({ what }, rows);
  }

  presenceChanged(online: boolean): void {
    this.presence.inc({ to: online ? 'online' : 'offline' });
  }

  /** Adds everything to what `/metrics` serves. */
  register(registry: Registry, sources: GatewaySources): void {
    this.lapses.inc({ reason: 'lapsed' }, 0);
    registry.registerMetric(this.closes);
    registry.registerMetric(this.lapses);
    registry.registerMetric(this.doubts);
    registry.registerMetric(this.removed);
    registry.registerMetric(this.presence);
    for (const metric of [this.commitSends, this.commitSeconds]) registry.registerMetric(metric);
    this.registerTraffic(registry, sources);
    registerHints(registry, sources);
    registerLease(registry, sources);
  }

  private registerTraffic(registry: Registry, { connections, framesWritten, rateLimited }: GatewaySources): void {
    new Gauge({
      name: 'drawbridge_connections',
      help: 'Connections by state: `opening` has no session yet, `closing` waits for its end.',
      labelNames: ['state'],
      registers: [registry],
      collect() {
        for (const [state, number] of Object.entries(connections())) this.set({ state }, number);
      },
    });
    counter(registry, 'drawbridge_frames_received_total', 'Text frames from clients.', [], (tell) => {
      tell({}, this.framesReceived);
    });
    const sentHelp =
      'Text frames to clients: `event` is of a mailbox (with `seq`), `other` is a reply or passing event.';
    counter(registry, 'drawbridge_frames_sent_total', sentHelp, ['kind'], (tell) => {
      for (const [kind, number] of Object.entries(framesWritten())) tell({ kind }, number);
    });
    const limitedHelp = 'Commands that were refused with `rate_limited` because too many came, by the limit.';
    counter(registry, 'drawbridge_rate_limited_total', limitedHelp, ['limit'], (tell) => {
      for (const [limit, number] of Object.entries(rateLimited())) tell({ limit }, number);
    });
    const opensHelp = 'Sessions that were opened (`ok`), and connections that were closed before that, by why.';
    counter(registry, 'drawbridge_opens_total', opensHelp, ['outcome'], (tell) => {
      tell({ outcome: 'ok' }, this.commands.get('session.open')?.ok ?? 0);
      for (const [outcome, number] of this.failedOpens) tell({ outcome }, number);
    });
    const commandsHelp = 'Commands by event and by the code they were answered with; `ok` for those that succeeded.';
    counter(registry, 'drawbridge_commands_total', commandsHelp, ['event', 'outcome'], (tell) => {
      for (const [event, counts] of this.commands) {
        for (const [outcome, number] of Object.entries(counts))
          if (number > 0 || ALWAYS_TOLD.has(outcome)) tell({ event, outcome }, number);
      }
    });
  }
}

function registerHints(registry: Registry, { hints, bus }: GatewaySources): void {
  const helps = {
    sent: 'Hints sent to other gateways, one for each gateway.',
    received: 'Hints received from other gateways.',
    missed: 'Mailboxes found further on in the store than any hint had told.',
    healed: 'Mailboxes whose events, which no hint had told of, were then read from the store.',
  };
  for (const [name, help] of Object.entries(helps) as [keyof typeof helps, string][])
    counter(registry, `drawbridge_hints_${name}_total`, help, [], (tell) => tell({}, hints()[name]));
  const refused = 'Messages on the bus that were refused: without the tag of this installation, or too large.';
  counter(registry, 'drawbridge_bus_refused_total', refused, [], (tell) => tell({}, bus()?.refused ?? 0));
  new Gauge({
    name: 'drawbridge_bus_connected',
    help: '1 while the bus between gateways can be reached; absent where there is none.',
    registers: [registry],
    collect() {
      this.remove();
      const is = bus();
      if (is) this.set(Number(is.connected));
    },
  });
  new Gauge({
    name: 'drawbridge_bus_peers',
    help: 'Other gateways that this one knows of; absent where there is no bus between gateways.',
    registers: [registry],
    collect() {
      this.remove();
      const is = bus();
      if (is) this.set(is.peers);
    },
  });
}

function registerLease(registry: Registry, { leaseMs, leaseLeftMs }: GatewaySources): void {
  new Gauge({
    name: 'drawbridge_lease_left_seconds',
    help: 'How much longer consent is proven without a renewal; 0 when it is not, and nothing is delivered or accepted.',
    registers: [registry],
    collect() {
      this.set(Math.max(0, leaseLeftMs() / 1_000));
    },
  });
  new Gauge({
    name: 'drawbridge_lease_seconds',
    help: 'How long a renewal proves consent for (LEASE_MS); less what is left, it is the age of the last renewal.',
    registers: [registry],
  }).set(leaseMs / 1_000);
}

type Tell = (labels: Record<string, string>, value: number) => void;

/** A counter of numbers that are kept elsewhere, and read when it is asked. */
function counter(registry: Registry, name: string, help: string, labelNames: string[], read: (tell: Tell) => void) {
  new Counter({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      read((labels, value) => this.inc(labels, value));
    },
  });
}
