/** What the bridge tells its console (`/console/settings.json`). */
export interface Settings {
  /** Where the bridge's public end is, such as `http://127.0.0.1:8080`. */
  readonly publicUrl: string;
  /** The console is an app like any other, and signs people in as one. */
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** The demo's people, where there are some: their name on the sign-in page, and the password. */
  readonly demo?: { readonly logins: readonly string[]; readonly password: string };
}

export async function loadSettings(): Promise<Settings> {
  const response = await fetch('settings.json');
  if (!response.ok) throw new Error(`The bridge did not say where it is: HTTP ${response.status}.`);
  return response.json();
}
