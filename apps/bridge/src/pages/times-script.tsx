import { createHash } from 'node:crypto';
import { TIME_PARTS, type Times } from '../texts/times.js';

/**
 * The one script of any page: it shows each time in the person's own zone, with the zone's name, and leaves what stood
 * there, in UTC, in its title. It reads the page and changes the words of `<time>`, and nothing else. Without it, in an
 * old browser, or when anything in it fails, the page says what it said.
 */
export const TIMES_SCRIPT = `'use strict';
(() => {
  const { locale, now, ...patterns } = document.currentScript.dataset;
  const PARTS = ${JSON.stringify(TIME_PARTS)};
  const part = (at, of) => new Intl.DateTimeFormat(locale, PARTS[of]).format(at);
  const filled = (pattern, parts) => pattern.replace(/\\{(\\w+)\\}/g, (_, name) => parts[name]);
  const midnight = (at) => new Date(at).setHours(0, 0, 0, 0);
  const recently = (at) => {
    const days = Math.round((midnight(Number(now)) - midnight(at)) / 86400000);
    const pattern = days <= 0 ? patterns.today : days === 1 ? patterns.yesterday : patterns.earlier;
    return filled(pattern, { day: part(at, 'dayOfYear'), clock: part(at, 'minute') });
  };
  const FORMS = {
    day: (at) => part(at, 'day'),
    minute: (at) => filled(patterns.minute, { date: part(at, 'date'), clock: part(at, 'minute') }),
    instant: (at) => filled(patterns.instant, { day: part(at, 'day'), clock: part(at, 'instant') }),
    recently,
  };
  addEventListener('DOMContentLoaded', () => {
    for (const time of document.querySelectorAll('time[data-as]')) {
      const at = new Date(time.dateTime);
      const said = FORMS[time.dataset.as](at);
      if (said === time.textContent) continue;
      time.title = time.textContent;
      time.textContent = said;
    }
  });
})();
`;

const digest = (algorithm: string) => createHash(algorithm).update(TIMES_SCRIPT);

/** Changes with the content, so that it can be kept for ever. */
export const TIMES_SCRIPT_PATH = `/assets/times-${digest('sha256').digest('base64url').slice(0, 16)}.js`;
const INTEGRITY = `sha384-${digest('sha384').digest('base64')}`;

/** `now` is the server's: a person's clock may be wrong. */
export function TimesScript({ times: { locale, ...patterns }, now = new Date() }: { times: Times; now?: Date }) {
  const data = Object.entries({ locale, now: now.getTime(), ...patterns });
  return (
    <script
      defer
      src={TIMES_SCRIPT_PATH}
      integrity={INTEGRITY}
      {...Object.fromEntries(data.map(([name, value]) => [`data-${name}`, value]))}
    />
  );
}
