/** Something was appended to the consent feed: renew at once. */
export const FEED_CHANNEL = 'consent.feed';
/** A gateway has acknowledged a position: whoever waits for it may look. */
export const ACKNOWLEDGED_CHANNEL = 'consent.acknowledged';
/** Connections that are more than their grant may have: whose gateway hears it closes them. */
export const SURPLUS_CHANNEL = 'consent.surplus';
export const EMPTY = new Uint8Array(0);
