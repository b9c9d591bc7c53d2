export { partnersMigrations } from './migration.js';
export {
  type App,
  type AppToCreate,
  type Partner,
  type PartnerStatus,
  Partners,
  PartnersError,
  type PartnerToCreate,
} from './partners.js';
export type { AppKind } from './redirect-uris.js';
