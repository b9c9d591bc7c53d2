export { appendEntry, type Entry, type EntryKind } from './ledger.js';
export { ledgerMigrations } from './migration.js';
