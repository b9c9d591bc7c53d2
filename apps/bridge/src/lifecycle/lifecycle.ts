/** `leaving`: `/readyz` says no, and everybody is served as ever. */
export type Phase = 'starting' | 'ready' | 'leaving' | 'draining';

export interface Readiness {
  readonly ready: boolean;
  readonly phase: Phase;
  /** What each check found: `ok`, or why not. */
  readonly checks: Readonly<Record<string, string>>;
}

const CHECK_WITHIN_MS = 2_000;

/**
 * The life of this process: whether it may be sent anybody (`/readyz`), and what is done before it ends. Parts of the
 * bridge add their checks and drains when they are made.
 */
export class Lifecycle {
  private current: Phase = 'starting';
  private readonly checks = new Map<string, () => void | Promise<void>>();
  private readonly notices = new Map<string, () => string | undefined>();
  private readonly drains: { name: string; drain: () => Promise<void> }[] = [];

  get phase(): Phase {
    return this.current;
  }

  get draining(): boolean {
    return this.current === 'draining';
  }

  /** `check` throws, or rejects, with a reason in a few words while this process should get no new clients. */
  addCheck(name: string, check: () => void | Promise<void>): void {
    this.checks.set(name, check);
  }

  /** `notice` gives what is amiss though clients are well served here; it is named and keeps nobody out. */
  addNotice(name: string, notice: () => string | undefined): void {
    this.notices.set(name, notice);
  }

  /**
   * `drain` says goodbye to clients and finishes what was accepted. Drains run one after the other, the last added
   * first, while the database and the consent lease are still there.
   */
  onDrain(name: string, drain: () => Promise<void>): void {
    this.drains.unshift({ name, drain });
  }

  started(): void {
    if (this.current === 'starting') this.current = 'ready';
  }

  /**
   * From here on `/readyz` says 503. Balancers have so long to look away before anything is refused: what they send
   * while a listener closes would be lost.
   */
  async leave(forMs: number): Promise<void> {
    this.current = 'leaving';
    if (forMs > 0) await new Promise((resolve) => setTimeout(resolve, forMs));
  }

  /** New requests are refused. A drain that fails does not keep the others from running. */
  async drain(onProblem: (name: string, error: unknown) => void): Promise<void> {
    this.current = 'draining';
    for (const { name, drain } of this.drains.splice(0)) {
      try {
        await drain();
      } catch (error) {
        onProblem(name, error);
      }
    }
  }

  async readiness(): Promise<Readiness> {
    const found = await Promise.all(
      [...this.checks].map(async ([name, check]) => [name, await outcome(check)] as const),
    );
    const noticed = [...this.notices].map(([name, notice]) => [name, notice() ?? 'ok'] as const);
    const checks = Object.fromEntries([...found, ...noticed]);
    const ready = this.current === 'ready' && found.every(([, said]) => said === 'ok');
    return { ready, phase: this.current, checks };
  }
}

async function outcome(check: () => void | Promise<void>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in time')), CHECK_WITHIN_MS);
    });
    await Promise.race([check(), late]);
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
