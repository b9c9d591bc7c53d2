import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface Posted {
  readonly status: number;
  readonly retryAfterMs: number;
}

export interface PosterLimits {
  readonly answerWithinMs: number;
  /** Read of an answer, so that its connection can be used again; one that has more is hung up on. */
  readonly answerBytes: number;
  /** Kept for the next, while nothing is sent. */
  readonly idleConnections: number;
}

type Failure = NodeJS.ErrnoException;

/**
 * Posts bodies to one address over connections that stay. Redirects are not followed: somebody else's address is not meant. With
 * node:http, since fetch takes several times as much for each of many small requests.
 */
export class Poster {
  private readonly agent: HttpAgent;
  private readonly request: typeof httpRequest;

  constructor(
    private readonly url: string,
    private readonly limits: PosterLimits,
  ) {
    const isSecure = url.startsWith('https:');
    const settings = { keepAlive: true, maxFreeSockets: limits.idleConnections };
    this.agent = isSecure ? new HttpsAgent(settings) : new HttpAgent(settings);
    this.request = isSecure ? httpsRequest : httpRequest;
  }

  /** What was answered; rejects with what kept it from being. */
  async post(body: string, headers: Readonly<Record<string, string>>): Promise<Posted> {
    const bytes = Buffer.from(body);
    try {
      return await this.once(bytes, headers);
    } catch (error) {
      // The other end hung up on a connection that nothing was sent on for a while, before it read any of this.
      if (!(error as { wasReused?: boolean }).wasReused) throw error;
      return this.once(bytes, headers);
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private once(body: Buffer, headers: Readonly<Record<string, string>>): Promise<Posted> {
    const { promise, resolve, reject } = Promise.withResolvers<Posted>();
    const posting = this.request(this.url, {
      method: 'POST',
      agent: this.agent,
      headers: { ...headers, 'content-length': body.length },
    });
    const timer = setTimeout(
      () => posting.destroy(Object.assign(new Error('late'), { code: 'LATE' })),
      this.limits.answerWithinMs,
    );
    let isAnswered = false;
    posting.once('response', (answer) => {
      isAnswered = true;
      const retryAfterMs = (Number(answer.headers['retry-after']) || 0) * 1_000;
      // That is an answer too where the rest never comes.
      void this.passOver(answer).then(() => resolve({ status: answer.statusCode!, retryAfterMs }));
    });
    posting.on('error', (error: Failure) => {
      if (isAnswered) return;
      const hungUp = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      reject(Object.assign(error, { wasReused: hungUp && posting.reusedSocket }));
    });
    posting.once('close', () => {
      clearTimeout(timer);
      // Such as one that wants to go on in another protocol.
      if (!isAnswered) reject(new Error('no answer'));
    });
    posting.end(body);
    return promise;
  }

  /** What it says beside its status is nobody's concern. */
  private async passOver(answer: IncomingMessage): Promise<void> {
    let bytes = 0;
    try {
      // Leaving the loop hangs up.
      for await (const chunk of answer) {
        bytes += (chunk as Buffer).length;
        if (bytes > this.limits.answerBytes) return;
      }
    } catch {}
  }
}
