import { type Endings, EndUnconfirmed } from '@drawbridge/consent';
import type { Database } from '@drawbridge/database';
import { PartnersError, type PartnersErrorCode } from '@drawbridge/partners';
import { Logger } from '@nestjs/common';
import type { Router } from 'express';
import { ApiError, type ApiErrorCode } from '../api/api-error.js';
import { jsonApi } from '../api/json-api.js';
import { WrongTokens } from '../api/wrong-tokens.js';
import type { Config } from '../config/config.js';
import { AdminParts } from './admin-parts.js';
import { appRoutes } from './app-routes.js';
import { gatewayRoutes } from './gateway-routes.js';
import { grantRoutes } from './grant-routes.js';
import { operatorRoutes } from './operator-routes.js';
import { partnerRoutes } from './partner-routes.js';
import { recordRoutes } from './record-routes.js';
import { restoredRoutes } from './restored-routes.js';
import { webhookRoutes } from './webhook-routes.js';

export const ADMIN_PATH = '/admin/v1';
/** The largest body: many times what any call takes. */
const BODY_LIMIT = '64kb';

/** The operators' HTTP API (protocol, section 8), to be mounted on the internal listener at ADMIN_PATH. */
export function adminApi(
  database: Database,
  endings: Endings,
  config: Pick<Config, 'adminToken' | 'webhooks'>,
  /** Told of each call that is answered 429. */
  refused: () => void = () => {},
): Router {
  const parts = new AdminParts(database, endings, config.adminToken);
  const { operators } = parts;
  return jsonApi({
    routes: [
      ...partnerRoutes(parts),
      ...appRoutes(parts),
      ...grantRoutes(parts),
      ...restoredRoutes(parts),
      ...gatewayRoutes(parts),
      ...operatorRoutes(parts),
      ...recordRoutes(parts),
      ...webhookRoutes(parts, config.webhooks),
    ],
    wrongTokens: new WrongTokens(refused),
    whose: (token) => operators.whose(token),
    realm: 'operators',
    whyUnknown: async (token) => {
      if (!(await operators.isAnybody())) {
        return 'There are no operators yet: start the bridge with ADMIN_TOKEN, which is the token of the first one, root.';
      }
      return token === undefined
        ? 'Send Authorization: Bearer and an operator’s token.'
        : 'This is no operator’s token, or not any more.';
    },
    problemOf,
    bodyLimit: BODY_LIMIT,
    log: new Logger('Admin'),
  });
}

const OF_PARTNERS: Readonly<Record<PartnersErrorCode, ApiErrorCode>> = {
  unknown_partner: 'not_found',
  unknown_app: 'not_found',
  taken: 'conflict',
  wrong_status: 'conflict',
  review_overdue: 'conflict',
  too_many_apps: 'conflict',
  scopes_exceed_partner: 'invalid_data',
  invalid: 'invalid_data',
};

function problemOf(error: unknown): ApiError | undefined {
  if (error instanceof PartnersError) {
    const issues = error.property === undefined ? undefined : [{ path: error.property, problem: error.message }];
    return new ApiError(OF_PARTNERS[error.code], error.message, issues);
  }
  if (error instanceof EndUnconfirmed) {
    return new ApiError(
      'unavailable',
      'It is done, and holds; from when on cannot be told yet. Look again in a moment.',
    );
  }
  return undefined;
}
