/** Every limit of the protocol has a name here (I9). Sizes in bytes, times in milliseconds, unless the name says otherwise. */
export const LIMITS = {
  maxFrameBytes: 65_536,
  maxReplyBytes: 262_144,
  maxFrameDepth: 16,
  maxFrameIdLength: 64,
  maxBadFrames: 5,
  /** What `invalid_data` names at most, so that its size does not depend on what was sent. */
  maxIssues: 16,
  maxTextCodePoints: 4_000,
  maxTitleCodePoints: 200,
  /** Of what is recommended, and of what an activity is about. */
  maxKindCodePoints: 64,
  maxObjectIdCodePoints: 200,
  maxNameCodePoints: 200,
  maxUrlLength: 2_048,
  maxNoteCodePoints: 280,
  maxRecommendedTo: 20,
  maxMembers: 250,
  maxMembersShown: 20,
  maxPage: 100,
  defaultPage: 50,
  maxContactsPage: 200,
  maxConnectionsPerGrant: 4,
  /** What may wait for one connection before it is a slow consumer (4508). */
  maxQueuedBytes: 1_048_576,
  /** Commands of one connection that may be under way at once; more are `rate_limited`. */
  maxCommandsInFlight: 256,
  /** What `rate_limited` advises. */
  retryAfterMs: 1_000,
  /** The answer of `recommendation.send` leaves at a multiple of this, so that its time says nothing of whom it reached. */
  recommendationAnsweredEveryMs: 100,
  pongWithinMs: 10_000,
  expiryNoticeMs: 60_000,
} as const;

export const PROTOCOL = 'drawbridge.v1';
