/** What the bridge tells its console (`/console/settings.json`). */
export interface Settings {
  /** Where the bridge's public end is, such as `http://127.0.0.1:8080`. */
  readonly publicUrl: string;
  /** The console is an app like any other, and signs people in as one. */
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** The demo's people, where there are some: their name on the sign-in page, and the password. */
  readonly demo?: { readonly logins: readonly string[]; readonly password: string };
  /** The public end of the bridge that serves this console, which is another one where the tester chose one. */
  readonly own?: string;
}

/** Where a person sees what apps may do, at one sign-in where its grant is named: also by who has to sign in there first. */
export function connectedAppsAt({ publicUrl }: Settings, grant?: string): string {
  return `${publicUrl}/connected-apps${grant === undefined ? '' : `?grant=${grant}#grant-${grant}`}`;
}

export type OtherServer = Pick<Settings, 'publicUrl' | 'clientId'>;

/** In this tab, and the windows that it opens to sign somebody in. */
const KEY = 'drawbridge-console-server';

export async function loadSettings(): Promise<Settings> {
  const response = await fetch('settings.json');
  if (!response.ok) throw new Error(`The bridge did not say where it is: HTTP ${response.status}.`);
  const own = (await response.json()) as Settings;
  const chosen = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as OtherServer | null;
  if (!chosen) return { ...own, own: own.publicUrl };
  // Its people are others: the passwords of this one are nobody's there.
  const { demo: _, ...rest } = own;
  return { ...rest, ...chosen, own: own.publicUrl };
}

/** Whether the two people are on another bridge than the one that serves this console: what that one says is not to be done here. */
export const isElsewhere = ({ own, publicUrl }: Settings): boolean => own !== undefined && own !== publicUrl;

/** From the next start of the page on; undefined for the console's own. */
export function chooseServer(server: OtherServer | undefined): void {
  if (server) sessionStorage.setItem(KEY, JSON.stringify({ publicUrl: server.publicUrl, clientId: server.clientId }));
  else sessionStorage.removeItem(KEY);
}
