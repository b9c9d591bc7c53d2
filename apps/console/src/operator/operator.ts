import { effect, signal } from '@preact/signals';
import type { Seat } from '../people/seat.js';
import { type Entry, SIDES, type Side } from '../wire/entry.js';
import type { FrameLog } from '../wire/frame-log.js';
import { AdminApi, AdminProblem } from './admin-api.js';
import { type Concern, ReceiptCase } from './receipt-case.js';
import type { Gateways, Grant, Partner, Receipt } from './wire.js';

export const OPERATOR_LIMITS = {
  /** Receipts that are kept on the page; the oldest go first. */
  cases: 20,
  /** How often the gateways are looked at while their list is shown. */
  gatewaysEveryMs: 1_000,
  /** And while an end is waited for. */
  waitingEveryMs: 150,
} as const;

const CONSENT_OVER = 4403;

/** Who was signed in last on one side, also when that is over. */
export interface Known {
  readonly person: string;
  readonly name: string;
  readonly grant: string;
  /** By name: more of it an app is not told. */
  readonly partner: string;
}

/** An end of consent that is asked for, and waited for. */
interface Following {
  readonly title: string;
  readonly of: Concern;
  readonly take: (api: AdminApi) => Promise<Receipt>;
  /** The reason, where somebody gave it here. */
  readonly because?: string;
  /** How the case begins to be told. */
  readonly asked?: string;
}

/**
 * What an operator's token opens. It is kept in memory, is in no frame and in no storage, and is gone with the page.
 * Every end of consent that is seen while it is there gets its receipt, whoever asked for it.
 */
export class Operator {
  readonly isIn = signal(false);
  readonly isAsking = signal(false);
  /** Why the token was not taken, or a list could not be had. */
  readonly problem = signal<AdminProblem | undefined>(undefined);
  readonly gateways = signal<Gateways | undefined>(undefined);
  readonly partners = signal<readonly Partner[]>([]);
  /** Undefined until somebody looks: that is on the record. */
  readonly grants = signal<readonly Grant[] | undefined>(undefined);
  /** The newest first. */
  readonly cases = signal<readonly ReceiptCase[]>([]);
  readonly known = signal<Readonly<Partial<Record<Side, Known>>>>({});
  /** What everybody is called who was signed in on this page, by their ids: seats change hands, and grants do not. */
  readonly names = signal<ReadonlyMap<string, string>>(new Map());
  #api: AdminApi | undefined;
  #cases = 0;

  constructor(
    seats: Readonly<Record<Side, Seat>>,
    log: FrameLog,
    /** The ids of people and grants that another bridge gives mean others here, or whatever it wants them to mean: nothing is done with them. */
    readonly isElsewhere: boolean,
  ) {
    if (isElsewhere) return;
    for (const side of SIDES)
      effect(() => {
        const session = seats[side].session.value;
        if (!session) return;
        const { person, grant, app } = session;
        const known = { person: person.id, name: person.name ?? person.id, grant: grant.id, partner: app.partner };
        this.known.value = { ...this.known.peek(), [side]: known };
        this.names.value = new Map(this.names.peek()).set(known.person, known.name);
      });
    log.on((entry) => this.#closed(entry));
  }

  /** Tries the token; it is kept if it is an operator's. */
  async enter(token: string): Promise<void> {
    this.leave();
    if (this.isElsewhere) return;
    const api = new AdminApi(token);
    this.isAsking.value = true;
    try {
      const [gateways, partners] = await Promise.all([api.gateways(), api.partners()]);
      this.#api = api;
      this.gateways.value = gateways;
      this.partners.value = partners;
      this.isIn.value = true;
    } catch (error) {
      this.#refused(error);
    } finally {
      this.isAsking.value = false;
    }
  }

  /** Forgets the token, and what it had opened. */
  leave(): void {
    this.#api = undefined;
    this.isIn.value = false;
    this.problem.value = undefined;
    this.gateways.value = undefined;
    this.partners.value = [];
    this.grants.value = undefined;
  }

  /** Looks at the gateways again and again, until the function that is returned is called. */
  watchGateways(): () => void {
    let timer: ReturnType<typeof setTimeout>;
    let isOver = false;
    // What another list was refused with stays to be read.
    let hadProblem = false;
    const look = async () => {
      if (this.#api && !document.hidden) {
        try {
          await this.ask((api) => this.#lookAtGateways(api));
          if (hadProblem) this.problem.value = undefined;
          hadProblem = false;
        } catch (error) {
          this.problem.value = error as AdminProblem;
          hadProblem = true;
        }
      }
      if (!isOver) timer = setTimeout(look, OPERATOR_LIMITS.gatewaysEveryMs);
    };
    timer = setTimeout(look, OPERATOR_LIMITS.gatewaysEveryMs);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }

  refreshPartners(): Promise<void> {
    return this.look(async (api) => {
      this.partners.value = await api.partners();
    });
  }

  /** The grants of those who are, or were last, signed in here. */
  lookAtGrants(): Promise<void> {
    return this.look(async (api) => {
      const people = new Set(SIDES.flatMap((side) => this.known.value[side]?.person ?? []));
      const found = await Promise.all([...people].map((person) => api.grants(person)));
      this.grants.value = found.flat();
    });
  }

  /** For what shows its own problem. Throws AdminProblem. */
  async ask<T>(act: (api: AdminApi) => Promise<T>): Promise<T> {
    if (!this.#api) throw new AdminProblem(401, 'unauthenticated', 'There is no operator’s token.');
    try {
      return await act(this.#api);
    } catch (error) {
      this.#refused(error);
      throw error;
    }
  }

  /** For the lists. */
  async look(act: (api: AdminApi) => Promise<void>): Promise<void> {
    try {
      await this.ask(act);
      this.problem.value = undefined;
    } catch (error) {
      this.problem.value = error as AdminProblem;
    }
  }

  endGrant(grant: string, reason: string, whose: string): Promise<void> {
    const title = `The end of ${whose}’s grant`;
    return this.#follow({ title, of: { grant }, because: reason, take: (api) => api.endGrant(grant, reason) });
  }

  suspend({ id, name }: Partner, reason: string): Promise<void> {
    const title = `The suspension of ${name}`;
    return this.#follow({
      title,
      of: { partnerName: name },
      because: reason,
      take: (api) => api.suspend(id, reason),
    });
  }

  async resume({ id }: Partner, reason: string): Promise<void> {
    await this.ask((api) => api.resume(id, reason));
    await this.refreshPartners();
  }

  async drain(instance: string, reason: string): Promise<void> {
    await this.ask((api) => api.drain(instance, reason));
    await this.look((api) => this.#lookAtGateways(api));
  }

  /** The receipt of a grant that has ended. Of one that stands, nothing: this ends none. */
  async fetchReceipt(grant: string, title: string, asked: string): Promise<void> {
    // To ask for the end of what has ended gives its receipt again, and changes nothing: so first whether it has.
    if (!(await this.ask((api) => api.hasEnded(grant)))) return;
    const take = (api: AdminApi) => api.endGrant(grant, 'the receipt was looked at');
    await this.#follow({ title, of: { grant }, take, asked });
  }

  async #lookAtGateways(api: AdminApi): Promise<void> {
    this.gateways.value = await api.gateways();
  }

  /** Asks, and looks at the gateways until the answer is there. Throws AdminProblem, after the case says it. */
  async #follow({ title, of, take, because, asked }: Following): Promise<void> {
    const found = new ReceiptCase(++this.#cases, title, of, because !== undefined);
    this.cases.value = [found, ...this.cases.value].slice(0, OPERATOR_LIMITS.cases);
    try {
      await this.ask(async (api) => {
        found.asked(await api.gateways(), asked ?? (because === undefined ? undefined : `asked for: ${because}`));
        const taking = take(api);
        void this.#watch(api, found);
        const receipt = await taking;
        found.complete(receipt);
        // Where it cannot be read, the receipt says what it says without it.
        found.entry.value = await api.endOf(receipt).catch(() => undefined);
      });
    } catch (error) {
      found.failed(error as AdminProblem);
      throw error;
    } finally {
      void this.#lookAgain();
    }
  }

  async #watch(api: AdminApi, found: ReceiptCase): Promise<void> {
    while (found.isOpen) {
      // What goes wrong here, the answer itself tells.
      const gateways = await api.gateways().catch(() => undefined);
      if (gateways) found.seen(gateways);
      await new Promise((resolve) => setTimeout(resolve, OPERATOR_LIMITS.waitingEveryMs));
    }
  }

  async #lookAgain(): Promise<void> {
    await this.refreshPartners();
    await this.look((api) => this.#lookAtGateways(api));
    // Only where somebody had looked before.
    if (this.grants.value && this.isIn.value) await this.lookAtGrants();
  }

  /** A connection was closed because its consent is over: it belongs to an end that is known here, or is another's. */
  #closed({ close, side }: Entry): void {
    const known = this.known.value[side];
    if (close?.code !== CONSENT_OVER || !known || !this.isIn.value) return;
    const its = this.cases.value.find((each) => each.takesClose(known));
    if (its) its.closed(known.name, close.code, close.reason);
    else {
      const title = `The end of ${known.name}’s grant`;
      const asked = `seen here: ${known.name} was closed with ${close.code} ${close.reason}; its receipt is asked for`;
      // The case says what goes wrong.
      this.fetchReceipt(known.grant, title, asked).catch(() => {});
    }
  }

  #refused(error: unknown): void {
    const problem = error as AdminProblem;
    if (problem.status === 401) this.leave();
    if (problem.status === 401 || !this.isIn.value) this.problem.value = problem;
  }
}
