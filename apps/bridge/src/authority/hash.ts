import { createHash } from 'node:crypto';

/** What the database keeps of a bearer secret: whoever reads it holds none. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
