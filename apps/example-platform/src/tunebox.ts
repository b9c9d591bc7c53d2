/** Registers a partner's app at the bridge by the operators' API, where it is not there yet: a desktop music player. */
export const TUNEBOX = { partner: 'Tunebox', clientId: 'tunebox-desktop' } as const;

const SCOPES = ['profile', 'messages.read', 'messages.send', 'contacts.read', 'presence.read'];

export async function registerTunebox(internalUrl: string, adminToken: string): Promise<void> {
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(`${internalUrl}/admin/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const answer = (await response.json()) as T & { message: string };
    if (!response.ok) throw new Error(`The bridge answered ${response.status} to ${method} ${path}: ${answer.message}`);
    return answer;
  };
  const { partners } = await call<{ partners: { id: string; name: string; status: string }[] }>('GET', '/partners');
  const known = partners.find(({ name, status }) => name === TUNEBOX.partner && status !== 'ended');
  const partner =
    known ??
    (await call<{ id: string; status: string }>('POST', '/partners', {
      name: TUNEBOX.partner,
      homepage: 'https://tunebox.example/',
      privacyUrl: 'https://tunebox.example/privacy',
      contact: 'developers@tunebox.example',
      scopes: SCOPES,
    }));
  if (partner.status === 'pending') await call('POST', `/partners/${partner.id}/approve`, { reason: 'an example' });
  const { apps } = await call<{ apps: { clientId: string }[] }>('GET', `/partners/${partner.id}/apps`);
  if (apps.some(({ clientId }) => clientId === TUNEBOX.clientId)) return;
  await call('POST', `/partners/${partner.id}/apps`, {
    clientId: TUNEBOX.clientId,
    name: 'Tunebox',
    kind: 'native',
    redirectUris: ['http://127.0.0.1/callback'],
    scopes: SCOPES,
    requiresDpop: true,
  });
}
