export { type Attempt, DISPATCH_LIMITS, Dispatcher } from './dispatcher.js';
export { outboxMigrations } from './migration.js';
export { type FailingEvent, Outbox, type OutboxEvent, type OutboxState, type ParkedEvent } from './outbox.js';
