import type { CustomFetch } from 'openid-client';

/** What an answer of the platform's provider may weigh (I9); what is said of it, and its keys, are some KB. */
const ANSWER_BYTES_MAX = 1_048_576;

export const ANSWER_TOO_LONG = 'the answer is too long';

/** The other side was not reached, or broke off. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** Node's fetch; the answer is read to its end, and has one. */
export const boundedFetch: CustomFetch = async (url, options) => {
  try {
    const { body, headers, method, redirect, signal } = options;
    const response = await fetch(url, {
      headers,
      method,
      redirect,
      ...(body === undefined || body === null ? {} : { body: body as RequestInit['body'] }),
      ...(signal ? { signal } : {}),
    });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) throw new Unreachable(ANSWER_TOO_LONG);
      chunks.push(chunk);
    }
    const { status } = response;
    return new Response(bytes === 0 ? null : Buffer.concat(chunks), { status, headers: response.headers });
  } catch (error) {
    // fetch's own word for it, by name, as it may come from another realm; a timeout is a DOMException.
    if ((error as Error).name === 'TypeError') throw new Unreachable('the provider was not reached', { cause: error });
    throw error;
  }
};
