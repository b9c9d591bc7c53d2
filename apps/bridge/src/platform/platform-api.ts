import { createHash, timingSafeEqual } from 'node:crypto';
import { EndUnconfirmed } from '@drawbridge/consent';
import { MessagingError, type MessagingErrorCode } from '@drawbridge/messaging';
import { PeopleError } from '@drawbridge/people';
import { Logger } from '@nestjs/common';
import type { Router } from 'express';
import { ApiError, type ApiErrorCode } from '../api/api-error.js';
import { jsonApi } from '../api/json-api.js';
import { WrongTokens } from '../api/wrong-tokens.js';
import type { Config } from '../config/config.js';
import { activityRoutes } from './activity-routes.js';
import { conversationRoutes } from './conversation-routes.js';
import { messageRoutes } from './message-routes.js';
import { peopleRoutes } from './people-routes.js';
import { type PlatformLimitName, PlatformLimits } from './platform-limits.js';
import type { PlatformParts } from './platform-parts.js';

export const PLATFORM_PATH = '/platform/v1';
/** 500 messages of 4,000 code points, each of them written as two escapes of six characters. */
const BODY_LIMIT = '25mb';
/** As the record names it. */
const ACTOR = 'platform';

/** The host platform's HTTP API (protocol, section 7), to be mounted on the internal listener at PLATFORM_PATH. */
export function platformApi(
  parts: PlatformParts,
  config: Pick<Config, 'platformToken' | 'platformCallsAtOnce' | 'platformWritesPerS'>,
  /** Told of each call that is answered 429. */
  refused: (limit: PlatformLimitName | 'tokens') => void,
): Router {
  const { platformToken } = config;
  const limits = new PlatformLimits(config, refused);
  return jsonApi({
    routes: [
      ...peopleRoutes(parts),
      ...activityRoutes(parts),
      ...messageRoutes(parts, limits),
      ...conversationRoutes(parts, limits),
    ],
    turns: limits,
    wrongTokens: new WrongTokens(() => refused('tokens')),
    whose: async (token) => (platformToken !== undefined && isSame(token, platformToken) ? ACTOR : undefined),
    realm: 'platform',
    whyUnknown: (token) => {
      if (platformToken === undefined) return 'Nobody may call this yet: start the bridge with PLATFORM_TOKEN.';
      return token === undefined ? 'Send Authorization: Bearer and PLATFORM_TOKEN.' : 'This is not PLATFORM_TOKEN.';
    },
    problemOf,
    bodyLimit: BODY_LIMIT,
    log: new Logger('Platform'),
  });
}

/** In a time that tells nothing of either. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}

const OF_PEOPLE: Readonly<Record<PeopleError['code'], ApiErrorCode>> = {
  unknown_person: 'not_found',
  unknown_listed: 'invalid_data',
  erased: 'conflict',
  taken: 'conflict',
  invalid: 'invalid_data',
  has_grants: 'unavailable',
};

const OF_MESSAGING: Readonly<Record<MessagingErrorCode, ApiErrorCode>> = {
  not_found: 'not_found',
  conflict: 'conflict',
  invalid_data: 'invalid_data',
  rate_limited: 'unavailable',
  unavailable: 'unavailable',
  consent_ended: 'internal',
  consent_unverifiable: 'internal',
};

function problemOf(error: unknown): ApiError | undefined {
  if (error instanceof PeopleError) return new ApiError(OF_PEOPLE[error.code], error.message);
  if (error instanceof MessagingError) return new ApiError(OF_MESSAGING[error.code], error.message, error.issues);
  if (error instanceof EndUnconfirmed) {
    return new ApiError(
      'unavailable',
      'Their consents have ended, but not provably everywhere yet. Ask again in a moment.',
    );
  }
  return undefined;
}
