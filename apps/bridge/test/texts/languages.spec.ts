import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { launchChromium } from '@drawbridge/testing';
import express from 'express';
import type { Browser } from 'playwright-core';
import { h } from 'preact';
import { sendProblem } from '../../src/http/problem.filter.js';
import { page as pageOf } from '../../src/pages/page.js';
import { PUBLIC_URL, sendPage } from '../../src/pages/send-page.js';
import { STYLESHEET, STYLESHEET_PATH } from '../../src/pages/stylesheet.js';
import { Time } from '../../src/pages/time.js';
import { TIMES_SCRIPT, TIMES_SCRIPT_PATH } from '../../src/pages/times-script.js';
import { de } from '../../src/texts/de.js';
import { en } from '../../src/texts/en.js';
import { LANGUAGES } from '../../src/texts/languages.js';
import { EVERY_PAGE } from './every-page.js';
import { outsideBrackets, pseudoLanguage } from './pseudo-language.js';

const HOUR_MS = 3_600_000;
const PROBLEMS = [400, 404, 429, 500, 503];
/** Pages that differ from one that is looked at by a sentence only. */
const ALIKE =
  /^(error-(?!4403|unauthenticated)|issuer-(?!unknown_person)|oauth-(?!server)|problem-(?!later)|apps-problem-[12])/;
const PICTURES = process.env.DRAWBRIDGE_PICTURES;

describe('The languages of the pages', () => {
  const pseudo = pseudoLanguage();
  const now = new Date();
  const hoursAgo = [0, 1, 8, 16, 24, 32, 49].map((hours) => new Date(now.getTime() - hours * HOUR_MS));
  let server: Server;
  let origin: string;
  let browser: Browser;

  beforeAll(async () => {
    LANGUAGES.push(pseudo);
    const app = express();
    for (const [name, page] of EVERY_PAGE) {
      app.get(`/${name}`, (request, response) => sendPage(request, response, page));
    }
    for (const status of PROBLEMS) {
      app.get(`/problem-${status}`, (request, response) => sendProblem(request, response, status));
    }
    app.get('/problem-later', (request, response) => sendProblem(request, response, 503, 2_000));
    const times = pageOf(
      () => ({
        title: 'Times',
        body: hoursAgo.flatMap((at) => [
          h('p', { class: 'recently' }, h(Time, { at, as: 'recently', now })),
          h('p', { class: 'instant' }, h(Time, { at, as: 'instant' })),
        ]),
      }),
      { localTimes: true },
    );
    app.get('/times', (request, response) => sendPage(request, response, times));
    app.get(STYLESHEET_PATH, (_, response) => response.type('css').send(STYLESHEET));
    app.get(TIMES_SCRIPT_PATH, (_, response) => response.type('js').send(TIMES_SCRIPT));
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    app.set(PUBLIC_URL, origin);
    browser = await launchChromium();
  });
  afterAll(async () => {
    LANGUAGES.splice(LANGUAGES.indexOf(pseudo), 1);
    await browser.close();
    server.close();
    server.closeAllConnections();
  });

  const get = (path: string, acceptLanguage = '') =>
    fetch(`${origin}/${path}`, {
      headers: { accept: 'text/html', 'accept-language': acceptLanguage },
    });
  const everyPath = () => [...EVERY_PAGE.keys(), ...PROBLEMS.map((status) => `problem-${status}`), 'problem-later'];

  test.each([
    ['', 'en'],
    ['*', 'en'],
    ['de', 'de'],
    ['DE-at', 'de'],
    ['de-CH, en;q=0.5', 'de'],
    ['en-GB,en;q=0.9,de;q=0.8', 'en'],
    ['fr, en;q=0.3, de;q=0.4', 'de'],
    ['fr-FR, ja', 'en'],
    ['de;q=0', 'en'],
    ['en;q=0, *', 'de'],
    [';;q=,,de;q=x', 'en'],
  ])('Accept-Language: %s is answered in %s, and says so (RFC 9110 section 12.5.4)', async (accept, tag) => {
    const response = await get('start', accept);
    expect(response.headers.get('content-language')).toBe(tag);
    expect(response.headers.get('vary')).toContain('Accept-Language');
    expect(await response.text()).toContain(`<html lang="${tag}" dir="ltr">`);
  });

  test('nothing is on any page that is not in the catalogue, and nothing in the catalogue that is on no page', async () => {
    for (const path of everyPath()) {
      const html = await (await get(path, 'ar-XB')).text();
      expect([path, html.match(/<html[^>]*>/)?.[0]]).toEqual([path, '<html lang="ar-XB" dir="rtl">']);
      expect([path, outsideBrackets(html)]).toEqual([path, []]);
    }
    await get('times', 'ar-XB');
    expect(pseudo.unused()).toEqual([]);
  });

  test.each([
    ['ar-XB', 'right'],
    ['de', 'left'],
  ] as const)(
    'in %s every page fits into 320 px, with nothing sticking out, and begins at the %s',
    async (tag, side) => {
      const context = await browser.newContext({
        viewport: { width: 320, height: 640 },
        extraHTTPHeaders: { 'accept-language': tag },
      });
      const page = await context.newPage();
      for (const path of everyPath().filter((one) => !ALIKE.test(one))) {
        await page.goto(`${origin}/${path}`);
        const seen = await page.evaluate<{ wide: boolean; out: string[]; margin: number }>(`(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        const out = [...document.querySelectorAll('.card :not([type=hidden])')].filter((each) => {
          const [inner, outer] = [each, each.closest('.card')].map((one) => one.getBoundingClientRect());
          return inner.left < outer.left || inner.right > outer.right;
        });
        const brand = document.querySelector('.brand').getBoundingClientRect();
        return {
          wide: scrollWidth > clientWidth,
          out: out.map(({ outerHTML }) => outerHTML.slice(0, 80)),
          margin: Math.round(${side === 'right' ? 'clientWidth - brand.right' : 'brand.left'}),
        };
      })()`);
        expect([path, seen]).toEqual([path, { wide: false, out: [], margin: 12 }]);
        if (PICTURES) await page.screenshot({ path: `${PICTURES}/${tag}-${path}.png`, fullPage: true });
      }
      await context.close();
    },
  );

  test('each German text is another than the English one, but for words that both have', () => {
    const same: string[] = [];
    const compare = (one: object, other: object, path: string): void => {
      for (const [key, text] of Object.entries(one)) {
        const translated = (other as Record<string, unknown>)[key];
        if (typeof text === 'object' && !Array.isArray(text))
          compare(text as object, translated as object, `${path}${key}.`);
        else if (typeof text === 'string' && text === translated) same.push(`${path}${key}`);
      }
    };
    compare({ ...en, times: {} }, de, '');
    expect(same).toEqual(['device.code']);
  });

  test.each(['Asia/Kolkata', 'Pacific/Kiritimati', 'America/St_Johns', 'Etc/GMT+12'])(
    'times are those of %s, today and yesterday too, and say UTC in their title',
    async (timezoneId) => {
      const context = await browser.newContext({ timezoneId, locale: 'de-DE' });
      const page = await context.newPage();
      await page.goto(`${origin}/times`);
      const shown = await page.evaluate<string[][]>(
        `['recently', 'instant'].map((of) => [...document.querySelectorAll('.' + of + ' time')].map(({ textContent, title }) => textContent + ' | ' + title))`,
      );
      const dayIn = (at: Date, timeZone: string) =>
        Date.parse(new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(at));
      const words = (at: Date, timeZone: string) => {
        const days = (dayIn(now, timeZone) - dayIn(at, timeZone)) / (24 * HOUR_MS);
        return ['heute', 'gestern'][days] ?? 'am ';
      };
      for (const [index, at] of hoursAgo.entries()) {
        const [here, utc] = shown[0]![index]!.split(' | ');
        expect(here).toMatch(new RegExp(`^${words(at, timezoneId)}.*um \\d\\d:\\d\\d`));
        expect(utc).toMatch(new RegExp(`^${words(at, 'UTC')}.*um ${at.toISOString().slice(11, 16)} UTC$`));
        const minute = new Intl.DateTimeFormat('de-DE', { timeZone: timezoneId, timeStyle: 'medium' }).format(at);
        expect(shown[1]![index]).toContain(minute);
        expect(shown[1]![index]).toMatch(/ \| .* UTC am /);
      }
      await context.close();
    },
  );

  test('without JavaScript, or with another script in its place, times are in UTC', async () => {
    for (const over of [{ javaScriptEnabled: false }, {}]) {
      const context = await browser.newContext({ timezoneId: 'Asia/Kolkata', ...over });
      const page = await context.newPage();
      await page.route(`**${TIMES_SCRIPT_PATH}`, (route) =>
        route.fulfill({ contentType: 'text/javascript', body: `${TIMES_SCRIPT}//` }),
      );
      await page.goto(`${origin}/times`);
      const times = await page.locator('time').allTextContents();
      expect(times.filter((time) => !time.includes(' UTC'))).toEqual([]);
      await context.close();
    }
  });

  test('a receipt is printed in black on white, with its evidence, its address, and UTC beside the person’s times', async () => {
    const context = await browser.newContext({ colorScheme: 'dark', timezoneId: 'Asia/Kolkata' });
    const page = await context.newPage();
    await page.goto(`${origin}/apps-ended-all`);
    await page.emulateMedia({ media: 'print' });
    const shown = await page.evaluate<Record<string, unknown>>(`(() => {
      const all = (what) => [...document.querySelectorAll(what)];
      const visible = (what) => all(what).filter((each) => each.checkVisibility()).length;
      const { color } = getComputedStyle(document.querySelector('h1'));
      const { backgroundColor } = getComputedStyle(document.querySelector('.card'));
      return {
        color, backgroundColor,
        evidence: visible('.evidence li') === all('.evidence li').length,
        navigation: visible('.foot, .back, .skip, button'),
        printed: document.querySelector('.printed').checkVisibility() && document.querySelector('.printed').textContent,
        utc: all('time').every((time) => getComputedStyle(time, '::after').content.includes(' UTC ')),
      };
    })()`);
    expect(shown).toEqual({
      color: 'rgb(0, 0, 0)',
      backgroundColor: 'rgb(255, 255, 255)',
      evidence: true,
      navigation: 0,
      printed: expect.stringContaining(`${origin}/apps-ended-all`),
      utc: true,
    });
    await context.close();
  });

  test('a page with a password, or that asks for consent, allows no script at all', async () => {
    const withScript: string[] = [];
    for (const path of everyPath()) {
      const response = await get(path);
      const policy = response.headers.get('content-security-policy') ?? '';
      const html = await response.text();
      const [script] = /script-src [^;]*/.exec(policy) ?? [];
      expect([path, html.includes('<script')]).toEqual([path, script !== undefined]);
      if (script === undefined) continue;
      expect([path, script]).toEqual([path, `script-src ${origin}${TIMES_SCRIPT_PATH}`]);
      expect(html).not.toMatch(/type="password"|value="allow"/);
      withScript.push(path);
    }
    expect(withScript).toContain('apps-ended');
  });
});
