import { createServer, type Server } from 'node:http';
import { StartError } from '../start-error.js';

export interface Address {
  readonly host: string;
  readonly port: number;
  /** The setting that chose the port, for the operator. */
  readonly setting: 'PORT' | 'INTERNAL_PORT';
}

/** Rejects with StartError, one clear line, when the address is taken or is not this machine's. */
export function listen(server: Server, address: Address): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const failed = (error: NodeJS.ErrnoException) => reject(new StartError(problemOf(error, address)));
  server.once('error', failed);
  server.listen(address.port, address.host, () => {
    server.off('error', failed);
    resolve();
  });
  return promise;
}

/** Finds out that a port is taken before anything is opened; `listen` finds out for good. */
export async function checkFree(address: Address): Promise<void> {
  const probe = createServer();
  await listen(probe, address);
  await new Promise<void>((resolve) => probe.close(() => resolve()));
}

/** Resolves when every request that was accepted is answered, or after `withinMs`, when the rest is cut off. */
export async function closeServer(server: Server, withinMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  let timer: NodeJS.Timeout | undefined;
  // Upgraded sockets are not the server's to cut, and keep it from closing: they are not waited for.
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      server.closeAllConnections();
      resolve();
    }, withinMs);
  });
  await Promise.race([closed, late]);
  clearTimeout(timer);
}

function problemOf(error: NodeJS.ErrnoException, { host, port, setting }: Address): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is taken by another process. Stop that process, or set ${setting} to another port.`;
    case 'EACCES':
      return `This user may not listen on port ${port}. Set ${setting} to a port above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine. Set ${setting === 'PORT' ? 'HOST' : 'INTERNAL_HOST'} to another one.`;
    default:
      return `Cannot listen on ${host}:${port}: ${error.message}`;
  }
}
