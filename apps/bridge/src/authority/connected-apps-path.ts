export const CONNECTED_APPS_PATH = '/connected-apps';

/** The page, at one grant: the query is there for who has to sign in first, which a fragment does not outlive. */
export function connectedAppsAt(grant: string | undefined): string {
  return grant === undefined ? CONNECTED_APPS_PATH : `${CONNECTED_APPS_PATH}?grant=${grant}#${anchorOf(grant)}`;
}

export const anchorOf = (grant: string) => `grant-${grant}`;
