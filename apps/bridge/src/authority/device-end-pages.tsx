import { type Page, page } from '../pages/page.js';
import type { Texts } from '../texts/en.js';
import type { Rich } from '../texts/rich.js';
import { DEVICE_PATH } from './device-flow.js';

/** What became of a device's code. */
export type DeviceEnd = 'allowed' | 'denied' | 'spoilt' | 'over';

const TEXTS = { allowed: 'allowedText', denied: 'deniedText', spoilt: 'spoiltText', over: 'overText' } as const;

export function deviceEndPage(how: DeviceEnd, appName?: string): Page {
  return messagePage(({ device }) => ({
    title: how === 'allowed' ? device.allowed(appName) : device[how],
    text: device[TEXTS[how]],
  }));
}

/** Its partner is not approved at the moment, or it was removed, or may have nothing of what it asks for. */
export function deviceAppRefusedPage(): Page {
  return messagePage(({ device }) => ({ title: device.appRefused, text: device.appRefusedText }));
}

function messagePage(of: (texts: Texts) => { title: Rich; text: string }): Page {
  return page((texts) => {
    const { title, text } = of(texts);
    return {
      title,
      body: (
        <section class="card">
          <h1>{title}</h1>
          <p class="lead">{text}</p>
          <p>
            <a href={`${DEVICE_PATH}?user_code=`}>{texts.device.another}</a>
          </p>
        </section>
      ),
    };
  });
}
