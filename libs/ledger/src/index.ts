export { ACCESS_PAGE_LIMITS, type AccessPage, AccessPages, type ShownRun } from './access-pages.js';
export { appendEntry, type Entry, type EntryKind } from './ledger.js';
export { ledgerMigrations } from './migration.js';
export { RECORD_DAYS, removeOldPages } from './retention.js';
