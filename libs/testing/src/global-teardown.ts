import { rmSync } from 'node:fs';
import type { PostgresServer } from './postgres-server.js';

export default async function globalTeardown(): Promise<void> {
  await (globalThis as { drawbridgePostgres?: PostgresServer }).drawbridgePostgres?.stop();
  const folder = process.env.DRAWBRIDGE_TEST_FOLDER;
  if (folder) rmSync(folder, { recursive: true, force: true });
}
