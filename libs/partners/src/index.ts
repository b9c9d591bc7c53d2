export { PartnersError, type PartnersErrorCode } from './errors.js';
export { partnersMigrations } from './migration.js';
export { type AppChanges, PartnerApps } from './partner-apps.js';
export {
  type DuePartner,
  type PartnerChanges,
  PartnerLife,
  type PartnerPosition,
  type ReviewedPartner,
} from './partner-life.js';
export { type App, type AppToCreate, type Partner, Partners, type PartnerToCreate } from './partners.js';
export type { AppKind } from './redirect-uris.js';
export type { PartnerStatus } from './tables.js';
