import { signal } from '@preact/signals';
import type { AdminProblem } from './admin-api.js';
import type { Gateways, Receipt, RecordEntry } from './wire.js';

/** Something that came in while an end took effect, and how long after it was asked for, by this page's clock. */
export interface Step {
  readonly ms: number;
  readonly kind: 'asked' | 'gateway' | 'late' | 'closed' | 'complete' | 'failed';
  readonly text: string;
}

/** What an end is of. Apps are told the name of their partner, and no id. */
export type Concern = { readonly grant: string } | { readonly partnerName: string };

/** How long after the answer the sockets' own closes are still counted to it. */
const CLOSES_WITHIN_MS = 3_000;

/**
 * One end of consent, from when it was asked for until its receipt is complete. Which gateway has it, meanwhile, is read
 * from the list of gateways: how far each has applied the consent feed, and whether its lease still stands.
 */
export class ReceiptCase {
  readonly steps = signal<readonly Step[]>([]);
  readonly receipt = signal<Receipt | undefined>(undefined);
  /** Who asked for it, and why: the record's words, which come after the receipt. */
  readonly entry = signal<RecordEntry | undefined>(undefined);
  readonly problem = signal<AdminProblem | undefined>(undefined);
  readonly #startedAt = performance.now();
  #endedAt: number | undefined;
  /** The head of the feed before this was asked for. */
  #headBefore: number | undefined;
  /** Where in the feed it is, as far as this page can tell. */
  #position: number | undefined;
  readonly #heard = new Set<string>();

  constructor(
    readonly number: number,
    readonly title: string,
    readonly of: Concern,
    /** Whether it was asked for on this page, by whoever looks at it. */
    readonly isOwn = false,
  ) {}

  get isOpen(): boolean {
    return this.#endedAt === undefined;
  }

  /** From when on its gateways are looked at. */
  asked(before: Pick<Gateways, 'consentHead'> | undefined, text = 'asked for'): void {
    this.#headBefore = before?.consentHead;
    this.#add('asked', text);
  }

  /** The gateways, looked at while it is waited for. */
  seen({ gateways, consentHead }: Gateways): void {
    if (!this.isOpen || this.#headBefore === undefined) return;
    if (this.#position === undefined && consentHead > this.#headBefore) this.#position = consentHead;
    if (this.#position === undefined) return;
    for (const { id, instance, consentPosition, lease } of gateways) {
      if (consentPosition >= this.#position && !this.#heard.has(instance)) {
        this.#heard.add(instance);
        this.#add('gateway', `${id} has applied it (position ${consentPosition} of the consent feed)`);
      } else if (lease.ageMs > lease.ms && !this.#heard.has(instance)) {
        this.#heard.add(instance);
        this.#add('late', `${id} is not heard from; its lease has run out, and the margin is waited for`);
      }
    }
  }

  /** Whether a connection that was closed belongs to it. */
  takesClose({ grant, partner }: { readonly grant: string; readonly partner: string }): boolean {
    const isIts = 'grant' in this.of ? this.of.grant === grant : this.of.partnerName === partner;
    return isIts && (this.#endedAt === undefined || performance.now() - this.#endedAt < CLOSES_WITHIN_MS);
  }

  closed(who: string, code: number, reason: string): void {
    this.#add('closed', `the connection of ${who} was closed: ${code} ${reason}`.trimEnd());
  }

  complete(receipt: Receipt): void {
    this.receipt.value = receipt;
    this.#add('complete', 'the receipt is complete');
    this.#endedAt = performance.now();
  }

  failed(problem: AdminProblem): void {
    this.problem.value = problem;
    this.#add('failed', `${problem.code}: ${problem.message}`);
    this.#endedAt = performance.now();
  }

  #add(kind: Step['kind'], text: string): void {
    this.steps.value = [...this.steps.value, { ms: performance.now() - this.#startedAt, kind, text }];
  }
}

/** The gateways of a receipt in the order in which they confirmed, each with how long after the request that was. */
export function confirmationsOf({ gateways, requestedAt }: Receipt) {
  return gateways
    .map((gateway) => ({ ...gateway, afterMs: Date.parse(gateway.at) - Date.parse(requestedAt) }))
    .sort((a, b) => a.afterMs - b.afterMs);
}

export function tookMs({ requestedAt, effectiveAt }: Receipt): number {
  return Date.parse(effectiveAt) - Date.parse(requestedAt);
}
