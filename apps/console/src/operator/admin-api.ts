import type { Gateways, Grant, Partner, Preview, Receipt, RecordEntry } from './wire.js';

/** Why a call was not answered as it was asked. */
export class AdminProblem extends Error {
  override readonly name = 'AdminProblem';
  constructor(
    /** Of HTTP; 0 where nothing answered. */
    readonly status: number,
    /** As docs/operators.md has them; `unreachable` and `no_api` are this page's own. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  /** What to do about it. */
  get advice(): string {
    return ADVICE[this.code] ?? 'Look at the bridge’s log.';
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  unreachable: 'The process that serves this page does not answer: see whether it is still there.',
  no_api:
    'The process that serves this page has no operators’ API: open the console of one whose ROLES have admin. `npm start` has all of them.',
  unauthenticated: 'Paste another token. ADMIN_TOKEN, as the bridge was started with it, is the first operator’s.',
  conflict: 'It does not go with how things are now: look at the lists again.',
  not_found: 'It is not there any more: look at the lists again.',
  invalid_data: 'Change what is wrong, and ask again.',
  rate_limited: 'Too many wrong tokens came from here: wait a minute.',
  unavailable: 'It may have been done all the same: look before you repeat it.',
};

/** An end waits for lease + margin at most; what takes longer than this, nobody answers any more. */
const ANSWERED_WITHIN_MS = 30_000;

const ENDS: ReadonlySet<string> = new Set(['grant_ended', 'partner_suspended', 'partner_ended']);

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The operators' HTTP API, on the origin that serves this page. The token is in here and nowhere else. */
export class AdminApi {
  readonly #token: string;

  constructor(
    token: string,
    private readonly fetch: Fetch = (url, init) => globalThis.fetch(url, init),
  ) {
    this.#token = token;
  }

  gateways(): Promise<Gateways> {
    return this.#call('GET', '/gateways');
  }

  drain(instance: string, reason: string): Promise<void> {
    return this.#call('POST', `/gateways/${encodeURIComponent(instance)}/drain`, { reason });
  }

  async drainPreview(instance: string): Promise<Preview> {
    return this.#preview(`/gateways/${encodeURIComponent(instance)}/drain`, {});
  }

  /** All of them: a console is no place for a thousand partners, so the first page is enough. */
  async partners(): Promise<readonly Partner[]> {
    const { partners } = await this.#call<{ partners: readonly Partner[] }>('GET', '/partners');
    return partners;
  }

  suspend(partner: string, reason: string): Promise<Receipt> {
    return this.#call('POST', `/partners/${partner}/suspend`, { reason });
  }

  suspendPreview(partner: string): Promise<Preview> {
    return this.#preview(`/partners/${partner}/suspend`, { reason: 'asked' });
  }

  resume(partner: string, reason: string): Promise<Partner> {
    return this.#call('POST', `/partners/${partner}/resume`, { reason });
  }

  /** The newest first. That it was looked at is on the person's record. */
  async grants(person: string): Promise<readonly Grant[]> {
    const query = new URLSearchParams({ person, limit: '50' });
    const { grants } = await this.#call<{ grants: readonly Grant[] }>('GET', `/grants?${query}`);
    return grants;
  }

  /** Waits until it is in effect. Of one that has ended already it is the receipt of then, and changes nothing. */
  endGrant(grant: string, reason: string): Promise<Receipt> {
    return this.#call('POST', `/grants/${encodeURIComponent(grant)}/end`, { reason });
  }

  async hasEnded(grant: string): Promise<boolean> {
    const { grants } = await this.#preview(`/grants/${encodeURIComponent(grant)}/end`, { reason: 'asked' });
    return grants === 0;
  }

  /** Who ended it, and why, as the record has it; undefined where it ended with something else. To look is no entry. */
  async endOf({
    grant,
    partner,
  }: {
    readonly grant?: string;
    readonly partner?: string;
  }): Promise<RecordEntry | undefined> {
    const query = new URLSearchParams({ ...(grant ? { grant } : partner ? { partner } : {}), limit: '50' });
    const { entries } = await this.#call<{ entries: readonly RecordEntry[] }>('GET', `/record?${query}`);
    return entries.find(({ kind }) => ENDS.has(kind));
  }

  async #preview(path: string, body: object): Promise<Preview> {
    const { preview } = await this.#call<{ preview: Preview }>('POST', `${path}?preview=true`, body);
    return preview;
  }

  async #call<T>(method: string, path: string, body?: object): Promise<T> {
    const headers = {
      Authorization: `Bearer ${this.#token}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    };
    const signal = AbortSignal.timeout(ANSWERED_WITHIN_MS);
    const init = { method, headers, signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    let response: Response;
    try {
      response = await this.fetch(`/admin/v1${path}`, init);
    } catch (error) {
      throw new AdminProblem(0, 'unreachable', (error as Error).message);
    }
    const answer = await response.json().catch(() => undefined);
    if (response.ok) return answer as T;
    throw problemOf(path, response.status, answer);
  }
}

interface Refusal {
  readonly code?: string;
  readonly message?: string;
  readonly issues?: readonly { readonly path: string; readonly problem: string }[];
}

function problemOf(path: string, status: number, answer: Refusal | undefined): AdminProblem {
  // These two are there wherever the API is.
  if (status === 404 && /^\/(gateways|partners)$/.test(path))
    return new AdminProblem(status, 'no_api', 'There is no operators’ API here.');
  const issues = answer?.issues?.map((issue) => `${issue.path} ${issue.problem}`).join('; ');
  const message = answer?.message ?? `HTTP ${status}.`;
  return new AdminProblem(status, answer?.code ?? `http_${status}`, issues ? `${message} ${issues}` : message);
}
