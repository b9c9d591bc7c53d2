import { setTimeout as pause } from 'node:timers/promises';
import { EXIT_USAGE, Failure } from './failure.ts';
import type { Side } from './side.ts';

/** An end waits for gateways that do not answer: lease and margin, 5 s by default. */
const ANSWER_WITHIN_MS = 60_000;
/** What was refused because too much came is asked for again when the bridge says, as long as that takes no longer in all. */
const PATIENCE_MS = 60_000;
const SHORTEST_PAUSE_MS = 1_000;
/** Node's words for "nobody is there", in the operator's. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no machine of this name',
  EAI_AGAIN: 'the name could not be looked up',
  EHOSTUNREACH: 'the machine cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  ECONNRESET: 'it hung up',
  UND_ERR_SOCKET: 'it hung up',
};

/** The same again may go well in a moment: nobody answered, or the bridge cannot at present. */
export class NotNow extends Failure {
  /** The bridge's own word, where it has one. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs = 0) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Too much at once: nothing was done. */
export class TooMuch extends NotNow {}

/** What was asked for is not to be had: the same again comes to the same. */
export class Refused extends Failure {
  readonly problem: Problem;

  constructor(message: string, problem: Problem) {
    super(message);
    this.problem = problem;
  }
}

export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly issues?: readonly { readonly path: string; readonly problem: string }[];
}

export type Query = Readonly<Record<string, string | number | undefined>>;

/** /partners/<id>/apps: a name never adds or takes back a step of its own. */
export function path(strings: TemplateStringsArray, ...names: string[]): string {
  const step = names.find((name) => /^\.{0,2}$/.test(name));
  if (step !== undefined) throw new Failure(`"${step}" is the name of nothing.`, EXIT_USAGE);
  return String.raw({ raw: strings }, ...names.map(encodeURIComponent));
}

/** One of the two APIs on the internal listener: JSON, with a bearer token. */
export class Http {
  private readonly url: string;
  private readonly token: string;
  private readonly side: Side;

  constructor(url: string, token: string, side: Side) {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new Failure(`"${url}" is not the address of a bridge: it begins with http:// or https://.`, EXIT_USAGE);
    }
    this.url = url.replace(/\/+$/, '');
    this.token = token;
    this.side = side;
  }

  get<T>(path: string, query: Query = {}): Promise<T> {
    return this.send('GET', path, query);
  }

  change<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object, query: Query = {}): Promise<T> {
    return this.send(method, path, query, body);
  }

  private async send<T>(method: string, path: string, query: Query, body?: object): Promise<T> {
    for (let waitedMs = 0; ; ) {
      try {
        return await this.once<T>(method, path, query, body);
      } catch (error) {
        if (!(error instanceof TooMuch)) throw error;
        const pauseMs = Math.max(error.retryAfterMs, SHORTEST_PAUSE_MS);
        waitedMs += pauseMs;
        if (waitedMs > PATIENCE_MS) throw error;
        await pause(pauseMs);
      }
    }
  }

  private async once<T>(method: string, path: string, query: Query, body?: object): Promise<T> {
    const url = new URL(`${this.url}${this.side.path}${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { Authorization: `Bearer ${this.token}`, Accept: 'application/json' };
    if (body) headers['Content-Type'] = 'application/json';
    let status: number;
    let retryAfterMs: number;
    let text: string;
    try {
      const response = await fetch(url, {
        method,
        headers,
        body: body ? JSON.stringify(body) : null,
        // A token is for this address alone.
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      status = response.status;
      retryAfterMs = (Number(response.headers.get('retry-after')) || 0) * 1_000;
      text = await response.text();
    } catch (error) {
      throw this.unreachable(error, method);
    }
    const answer = parsed(text);
    if (status >= 200 && status < 300) return (answer ?? {}) as T;
    const refusal = this.refusal(status, path, answer as Partial<Problem> | undefined);
    if (status === 429) throw new TooMuch(refusal.message, retryAfterMs);
    if (status >= 500) throw new NotNow(refusal.message, retryAfterMs);
    throw refusal;
  }

  private refusal(status: number, path: string, problem: Partial<Problem> | undefined): Failure {
    if (status === 401) {
      const { message = this.side.unknownToken } = problem ?? {};
      return new Failure(`${this.url} does not take this token (401). ${sentence(message)} ${this.side.otherToken}`);
    }
    // A list is there whatever is in it, so that only the address can be wrong.
    const isList = /^\/\w+$/.test(path);
    if (typeof problem?.code !== 'string' || typeof problem.message !== 'string' || (status === 404 && isList)) {
      return new Failure(
        `There is no ${this.side.api} at ${this.url} (${status}): --url takes the internal address (INTERNAL_PORT, 8081 by default) of a bridge whose ROLES have ${this.side.role}.`,
      );
    }
    // A single issue often says just what the message says.
    const issues = (problem.issues ?? []).map((issue) =>
      issue.path ? `${issue.path}: ${issue.problem}` : issue.problem,
    );
    const same = problem.issues?.length === 1 && problem.issues[0]!.problem === problem.message;
    const parts = same ? issues : issues.length > 0 ? [problem.message, issues.join('; ')] : [problem.message];
    return new Refused(parts.map(sentence).join(' '), problem as Problem);
  }

  private unreachable(error: unknown, method: string): Failure {
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      const after = `The bridge at ${this.url} did not answer within ${ANSWER_WITHIN_MS / 1_000} s`;
      return new NotNow(
        method === 'GET' ? `${after}.` : `${after}: it may have done it all the same, so look before you repeat it.`,
      );
    }
    const { code, message } = (error as { cause?: { code?: string; message?: string } }).cause ?? {};
    const why = UNREACHABLE[code ?? ''] ?? message ?? String(error);
    return new NotNow(
      `No bridge at ${this.url} (${why}): start one (npm start), or say where it is with --url or DRAWBRIDGE_ADMIN_URL.`,
    );
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
