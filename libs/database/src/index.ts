export type { Migration } from 'kysely/migration';
export * from './database.js';
export * from './errors.js';
