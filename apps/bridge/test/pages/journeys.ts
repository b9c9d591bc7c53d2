import { randomUUID } from 'node:crypto';
import { SIGN_IN_LIMITS } from '@drawbridge/people';
import type { Scope } from '@drawbridge/protocol';
import { BridgeClient, connectedApps, FormBrowser, formWith, signIn } from '@drawbridge/testing';
import type { Page } from 'playwright-core';
import { PASSWORD, type Stage, type StageApp } from './stage.js';

/**
 * A way through the pages, with a browser of its own. `shown` is told the name of each state when it is on the screen,
 * and the status that the page has to have come with: 200, where it is not another.
 */
export interface Journey {
  readonly name: string;
  go(at: { stage: Stage; page: Page; shown(state: string, status?: number, on?: Page): Promise<void> }): Promise<void>;
}

/**
 * Every page and every state of it. Fields and buttons are found by the names of the wire contract, so that the same
 * ways lead through every language. Another page: another entry.
 */
export const JOURNEYS: readonly Journey[] = [
  {
    name: 'start',
    async go({ stage, page, shown }) {
      await page.goto(stage.bridge.publicUrl);
      await shown('demo');
      await page.goto(stage.bridgeWithProvider.publicUrl);
      await shown('no-demo-provider');
    },
  },
  {
    name: 'sign-in',
    async go({ stage, page, shown }) {
      const { id } = await stage.person();
      await page.goto(stage.authorization(await stage.app({ name: 'Tunebox', partner: 'Tunebox Ltd' })));
      await shown('empty');
      await signsIn(page, id, 'wrong');
      await shown('wrong-password', 422);
      await page.evaluate('document.querySelector("input[name=csrf]").value = ""');
      await signsIn(page, id);
      await shown('expired-form', 403);
      await wrongTries(stage, id);
      await signsIn(page, id, 'wrong');
      await shown('too-many-tries', 429);
      await stage.forgetWrongTries();
      await page.goto(`${stage.bridge.publicUrl}/sign-in/nothing`);
      await shown('over', 400);
    },
  },
  {
    name: 'consent',
    async go({ stage, page, shown }) {
      const ask = async (app: StageApp, scopes = app.scopes, person = 'Alice Moreau') => {
        await page.goto(stage.authorization({ ...app, scopes }));
        await signsIn(page, (await stage.person(person)).id);
      };
      const tunebox = await stage.app({ name: 'Tunebox', partner: 'Tunebox Ltd' });
      await ask(tunebox, ['recommendations.send', 'contacts.read']);
      await shown('few');
      await ask(tunebox);
      await shown('all');
      await press(page, 'button[value=allow]');
      await shown('none-ticked', 422);
      await press(page, 'button[value=tick-all]');
      await shown('all-ticked');
      await stage.windDown(tunebox);
      await ask(tunebox, FEW);
      await shown('wind-down');
      await ask(await stage.app(LONG), FEW, LONG_PERSON);
      await shown('long-names');
      await ask(await stage.app(RTL), FEW, RTL_PERSON);
      await shown('rtl-names');
    },
  },
  {
    name: 'oauth-error',
    async go({ stage, page, shown }) {
      const app = await stage.app({ name: 'Newcomer', pending: true });
      await page.goto(stage.authorization({ ...app, clientId: 'nobody' }));
      await shown('unknown-app', 400);
      await page.goto(stage.authorization(app));
      await shown('app-under-review', 400);
      const approved = await stage.app({ name: 'Tunebox' });
      await page.goto(stage.authorization(approved, { redirect_uri: 'https://elsewhere.example/' }));
      await shown('wrong-address', 400);
    },
  },
  {
    name: 'provider',
    async go({ stage, page, shown }) {
      const { bridgeWithProvider: bridge, provider } = stage;
      const tunebox = await stage.app({ name: 'Tunebox', partner: 'Tunebox Ltd' }, bridge);
      const [alice, gone] = [await stage.person('Alice Moreau', bridge), await stage.person('Gone', bridge)];
      await stage.erase(gone, bridge);
      const there = async (login: string) => {
        await page.locator('a.button').click();
        await page.locator('input[name=login]').fill(login);
        await page.locator('button').click();
        await page.waitForURL(`${bridge.publicUrl}/**`);
      };
      await page.goto(stage.authorization(tunebox, {}, bridge));
      await shown('sign-in');
      for (const [state, status, login, faults] of [
        ['unknown-person', 403, 'zoe', {}],
        ['denied', 403, alice.id, { error: 'access_denied' }],
        ['erased-person', 403, gone.id, {}],
        ['not-anew', 403, alice.id, { signedInAt: Math.floor(Date.now() / 1_000) - 120 }],
        ['unavailable', 503, alice.id, { hangsUp: /^\/token/ }],
        ['failed', 400, alice.id, { wrongKey: true }],
      ] as const) {
        provider.faults = faults;
        await there(login);
        await shown(state, status);
        await press(page, 'a.button');
      }
      provider.faults = {};
      await there(alice.id);
      await shown('consent');
      await page.goto(`${bridge.publicUrl}/sign-in/callback?state=none`);
      await shown('over', 400);
      const tv = await stage.app({ ...TV, scopes: ['messages.read', 'contacts.read'] }, bridge);
      await page.goto((await stage.deviceCode(tv, { on: bridge })).verification_uri_complete);
      await press(page, 'main form button');
      await shown('device');
      await there(alice.id);
      await shown('device-consent');
      await page.goto(`${bridge.publicUrl}/connected-apps`);
      await shown('connected-apps');
    },
  },
  {
    name: 'device',
    async go({ stage, page, shown }) {
      const { id } = await stage.person();
      const tv = await stage.app(TV);
      const type = async (code: string) => {
        await page.locator('#user_code').fill(code);
        await press(page, 'main form button');
      };
      const follow = async (userAgent?: string) => {
        const code = await stage.deviceCode(tv, { userAgent });
        await page.goto(code.verification_uri_complete);
        return code;
      };
      const device = `${stage.bridge.publicUrl}/device?user_code=`;
      await page.goto(device);
      await shown('enter-code');
      await type('bbbb bbbb');
      await shown('wrong-code', 422);
      const code = await follow();
      await shown('prefilled');
      await press(page, 'main form button');
      await shown('confirm');
      await signsIn(page, id, 'wrong');
      await shown('wrong-password', 422);
      await signsIn(page, id);
      await shown('consent');
      await press(page, 'button[value=allow]');
      await shown('consent-none-ticked', 422);
      await press(page, 'button[value=tick-all]');
      await press(page, 'button[value=allow]');
      await shown('done');
      await page.goto(device);
      await type(code.user_code);
      await shown('used-before', 400);
      await stage.fromElsewhere(await follow(`Whatever-${'x'.repeat(280)}`));
      await press(page, 'main form button');
      await shown('confirm-elsewhere');
      await press(page, 'button[value=deny]');
      await shown('denied');
      const late = await follow();
      await stage.expire(late);
      await press(page, 'main form button');
      await shown('expired', 400);
      await page.goto(device);
      for (let tries = 0; tries < 6; tries++) await type('bbbb bbbb');
      await shown('too-many-tries', 429);
      await stage.forgetWrongTries();
      await follow();
      await press(page, 'main form button');
      for (let tries = 0; tries < 5; tries++) await signsIn(page, id, 'wrong');
      await shown('too-many-passwords', 400);
      await stage.forgetWrongTries();
    },
  },
  {
    name: 'apps',
    async go({ stage, page, shown }) {
      const alice = await stage.person();
      const url = `${stage.bridge.publicUrl}/connected-apps`;
      await page.goto(url);
      await shown('sign-in');
      await signsIn(page, alice.id);
      await shown('empty');
      const tunebox = await stage.app({ name: 'Tunebox', partner: 'Tunebox Ltd' });
      await stage.connect(alice, tunebox);
      await page.goto(url);
      await shown('one');
      const grant = await page.locator('input[name=grant]').first().getAttribute('value');
      await page.goto(`${url}?grant=${grant}`);
      await shown('led-here');
      await page.goto(`${url}?grant=${randomUUID()}`);
      await shown('led-elsewhere');
      await page.goto(url);
      const card = page.locator('article').first();
      await press(page, 'button[value=narrow]');
      await shown('nothing-unticked', 422);
      for (const box of await card.locator('input[name=scope]').all()) await box.uncheck();
      await press(page, 'button[value=narrow]');
      await shown('nothing-left', 422);
      await card.locator('input[value="messages.read"]').uncheck();
      await press(page, 'button[value=narrow]');
      await shown('narrow-confirm');
      await press(page, 'button[name=confirm]');
      await shown('narrowed');
      await page.goto(url);
      await press(page, 'button[value=end]');
      await shown('end-confirm');
      await press(page, 'button[name=confirm]');
      await shown('ended');
      await page.goto(url);
      await shown('none-left');
      await stage.lapseSessions();
      await press(page, 'button[value=sign-out]');
      await shown('session-lost', 401);
    },
  },
  {
    name: 'apps-many',
    async go({ stage, page, shown }) {
      const person = await stage.person(LONG_PERSON);
      const ending = await stage.app({ name: 'Sailaway', partner: 'Sailaway AB' });
      await stage.windDown(ending);
      for (const [app, scopes] of [
        [await stage.app({ name: 'Tunebox', partner: 'Tunebox Ltd' })],
        [ending, FEW],
        [await stage.app(LONG), FEW],
        [await stage.app(RTL), FEW],
      ] as const) {
        await stage.connect(person, app, scopes);
      }
      await page.goto(`${stage.bridge.publicUrl}/connected-apps`);
      await signsIn(page, person.id);
      await shown('list');
      await press(page, 'button[value=end-all]');
      await shown('end-all-confirm');
      await stage.deadGateway();
      const ended = press(page, 'button[name=confirm]');
      // The other gateway is waited for; meanwhile the list says that it is.
      const other = await page.context().newPage();
      do await other.goto(`${stage.bridge.publicUrl}/connected-apps`);
      while ((await other.locator('.past').count()) === 0);
      await shown('receipt-pending', 200, other);
      await other.close();
      await ended;
      await shown('ended-lease-expired');
      await page.goto(`${stage.bridge.publicUrl}/connected-apps`);
      await page.locator('summary').first().click();
      await shown('none-left');
      await stage.erase(person);
      await page.goto(`${stage.bridge.publicUrl}/connected-apps`);
      await shown('erased');
    },
  },
  {
    name: 'apps-used',
    async go({ stage, page, shown }) {
      const credentials = { login: 'alice', password: PASSWORD };
      const tokens = await signIn(stage.bridge, { ...credentials, clientId: 'tunebox-desktop' });
      const client = await BridgeClient.connect(stage.bridge.publicUrl);
      await client.open(tokens);
      await page.goto(`${stage.bridge.publicUrl}/connected-apps`);
      await signsIn(page, 'alice');
      await shown('connected');
      await press(page, 'button[value=end]');
      await press(page, 'button[name=confirm]');
      await shown('ended');
      await client.closed;
      await (await connectedApps(stage.bridge, credentials)).endAll().catch(() => {});
    },
  },
  {
    name: 'console',
    async go({ stage, page, shown }) {
      await page.goto(`${stage.bridge.internalUrl}/console/`);
      await page.locator('.seat').first().waitFor();
      await shown('empty');
    },
  },
  {
    name: 'errors',
    async go({ stage, page, shown }) {
      for (const [state, status, path] of [
        ['all', 200, '/errors'],
        ['one-code', 200, '/errors/scope_missing'],
        ['one-number', 200, '/errors/4403'],
        ['unknown-code', 404, '/errors/nonsense'],
        ['not-found', 404, '/nothing/here'],
      ] as const) {
        await page.goto(stage.bridge.publicUrl + path);
        await shown(state, status);
      }
      await stage.withoutSessions(async () => {
        await page
          .context()
          .addCookies([{ name: 'drawbridge_connected_apps', value: 'x'.repeat(43), url: stage.bridge.publicUrl }]);
        await page.goto(`${stage.bridge.publicUrl}/connected-apps`);
      });
      await shown('fault', 500);
    },
  },
];

const FEW: readonly Scope[] = ['messages.read', 'contacts.read'];
const TV = {
  name: 'Reelhouse',
  partner: 'Reelhouse Pictures',
  kind: 'device',
  scopes: ['recommendations.send', 'contacts.read'],
} as const;
const LONG = {
  name: 'Donaudampfschifffahrtsgesellschaftskapitänsverzeichnis Professional Edition',
  partner: 'Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesellschaft mbH & Co. KG',
};
const LONG_PERSON = 'Wolfeschlegelsteinhausenbergerdorff von und zu Hohenlohe-Langenburg';
const RTL = { name: 'صندوق الألحان', partner: 'شركة الألحان المحدودة' };
const RTL_PERSON = 'عليّة المهدي';

async function signsIn(page: Page, login: string, password = PASSWORD): Promise<void> {
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill(password);
  await press(page, 'form:has(input[name=password]) button');
}

/** What is pressed leads to a new page, or to this one anew. */
async function press(page: Page, button: string): Promise<void> {
  const loaded = page.waitForEvent('load');
  await page.locator(button).first().click();
  await loaded;
}

/** As many wrong passwords as a login may have, from other browsers. */
async function wrongTries(stage: Stage, login: string): Promise<void> {
  const tries = Array.from({ length: SIGN_IN_LIMITS.failuresPerLogin }, async () => {
    const browser = new FormBrowser(stage.bridge.publicUrl);
    await browser.submit(formWith(await browser.get('/connected-apps'), 'login'), { login, password: 'wrong' });
  });
  await Promise.all(tries);
}
