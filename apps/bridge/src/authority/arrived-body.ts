import type { IncomingMessage } from 'node:http';

/** oidc-provider refuses a body of more than 56 KiB by itself. */
const BODY_BYTES_MAX = 64 * 1_024;

/**
 * Waits for the whole body and puts it back into the stream, for a reader that knows nothing of this. False when the
 * client has gone; how long it may take is the server's `requestTimeout`.
 */
export function bodyHasArrived(request: IncomingMessage): Promise<boolean> {
  const { headers } = request;
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) {
    return Promise.resolve(true);
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const done = (arrived: boolean) => {
      request.off('readable', read).off('close', gone).off('error', gone);
      resolve(arrived);
    };
    const gone = () => done(false);
    const read = () => {
      for (let chunk = request.read() as Buffer | null; chunk !== null; chunk = request.read() as Buffer | null) {
        chunks.push(chunk);
        bytes += chunk.length;
      }
      if (!request.complete && bytes <= BODY_BYTES_MAX) return;
      // In the same step as the last read: the stream's end is told only when it is empty.
      if (bytes > 0) request.unshift(Buffer.concat(chunks, bytes));
      else noBody(request);
      done(true);
    };
    request.on('readable', read).on('close', gone).on('error', gone);
  });
}

/** Announced, and then empty: said as everybody else says it. */
function noBody({ headers }: IncomingMessage): void {
  delete headers['transfer-encoding'];
  headers['content-length'] = '0';
}
