/** Something was appended to the consent feed: renew at once. */
export const FEED_CHANNEL = 'consent.feed';
/** A gateway has acknowledged a position: whoever waits for it may look. */
export const ACKNOWLEDGED_CHANNEL = 'consent.acknowledged';
export const EMPTY = new Uint8Array(0);
