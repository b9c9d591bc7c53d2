import { AdminApi, type AdminProblem } from './admin-api.js';

interface Asked {
  readonly url: string;
  readonly init: RequestInit;
}

/** The API, answered with this; and what it was asked. */
function answeredWith(status: number, body: unknown) {
  const asked: Asked[] = [];
  const api = new AdminApi('a-secret', async (url, init) => {
    asked.push({ url, init });
    return Response.json(body, { status });
  });
  return { api, asked };
}

const problemOf = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('It was answered.');
    },
    (error: AdminProblem) => error,
  );

describe('The operators’ API, as the console asks it', () => {
  test('shows the token in the header alone, and asks for a preview without doing anything', async () => {
    const { api, asked } = answeredWith(200, { preview: { grants: 2, apps: 1, people: 2 } });
    expect(await api.suspendPreview('p-1')).toEqual({ grants: 2, apps: 1, people: 2 });
    expect(asked[0]?.url).toBe('/admin/v1/partners/p-1/suspend?preview=true');
    expect(asked[0]?.init.headers).toMatchObject({ Authorization: 'Bearer a-secret' });
    expect(JSON.stringify([asked[0]?.url, asked[0]?.init.body, api])).not.toContain('a-secret');
  });

  test('tells a process without the operators’ API from something that is not there any more', async () => {
    const { api } = answeredWith(404, { code: 'not_found', message: 'There is nothing here.' });
    expect(await problemOf(api.gateways())).toMatchObject({ status: 404, code: 'no_api' });
    const gone = await problemOf(api.drain('gw-1', 'a test'));
    expect(gone).toMatchObject({ code: 'not_found', message: 'There is nothing here.' });
    expect(gone.advice).toContain('lists');
  });

  test('says what is wrong with the data, and what to do about a token that is not taken', async () => {
    const issues = [{ path: 'reason', problem: 'must be a text' }];
    const wrong = answeredWith(400, { code: 'invalid_data', message: 'Something is wrong.', issues });
    expect((await problemOf(wrong.api.endGrant('g', ''))).message).toBe('Something is wrong. reason must be a text');
    const refused = answeredWith(401, { code: 'unauthenticated', message: 'This is no operator’s token.' });
    expect((await problemOf(refused.api.partners())).advice).toContain('another token');
  });

  test('says so where nothing answers, or something that is not JSON', async () => {
    const dead = new AdminApi('t', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await problemOf(dead.gateways())).toMatchObject({ status: 0, code: 'unreachable' });
    const strange = new AdminApi('t', async () => new Response('<h1>Bad gateway</h1>', { status: 502 }));
    expect(await problemOf(strange.gateways())).toMatchObject({ status: 502, code: 'http_502' });
  });
});
