export const PLATFORM_TOKEN = 'platform-token-of-the-tests';

export interface Answered<T> {
  readonly status: number;
  readonly body: T;
}

/** The host platform, which knows nothing but its token and HTTP. */
export class PlatformClient {
  constructor(
    private readonly internalUrl: string,
    private readonly token = PLATFORM_TOKEN,
  ) {}

  async call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answered<T>> {
    const response = await fetch(`${this.internalUrl}/platform/v1${path}`, {
      method,
      headers: {
        ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  }

  /** One that is expected to do what was asked. */
  async done<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call<T>(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async refused(method: string, path: string, body?: unknown): Promise<string> {
    const { status, body: problem } = await this.call<{ code: string }>(method, path, body);
    return `${status} ${problem.code}`;
  }
}
