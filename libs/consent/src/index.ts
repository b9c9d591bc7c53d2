export { type Clock, systemClock } from './clock.js';
export {
  type CeilingRequest,
  type EndAppRequest,
  Endings,
  type EndingsOptions,
  type EndPartnerRequest,
  type EndRequest,
  type NarrowRequest,
} from './endings.js';
export { Gateways, type GatewaysView, type GatewayToDrain, type GatewayView } from './gateways.js';
export { type Grant, GrantError, Grants, type GrantToCreate, type GrantView, isUuid } from './grants.js';
export { type Concerned, type GrantPage, GrantsSeen } from './grants-seen.js';
export { ConsentLease, type ConsentLeaseOptions, type LostReason } from './lease.js';
export { consentMigrations } from './migration.js';
export type { Refusal } from './opening.js';
export {
  type GatewayConfirmation,
  RECEIPT_DAYS,
  type ReadHeads,
  type Receipt,
  type ReceiptOverAll,
  type TakenEffect,
} from './receipts.js';
export {
  ConsentSession,
  type OpenRequest,
  type SessionApp,
  type SessionListener,
  type SessionPerson,
} from './session.js';
export { shownName } from './shown-name.js';
export { EndUnconfirmed } from './watch.js';
