/**
 * How a language writes times. The patterns have their parts in braces, and the script of the pages
 * (pages/times-script.ts) fills them in again in the person's own zone.
 */
export interface Times {
  /** For Intl. */
  readonly locale: string;
  /** `{date}` 23 Nov 2026, `{clock}` 15:04 UTC */
  readonly minute: string;
  /** `{day}` 23 November 2026, `{clock}` 15:04:05.123 UTC */
  readonly instant: string;
  /** `{clock}` 15:04 UTC */
  readonly today: string;
  readonly yesterday: string;
  /** `{day}` 23 November, `{clock}` 15:04 UTC */
  readonly earlier: string;
}

/** What a time on a page says: its day alone, its minute, its millisecond, or how long ago it was in days. */
export type TimeForm = 'day' | 'minute' | 'instant' | 'recently';

/** What each part is for Intl; in UTC here, in the person's own zone in the script. */
export const TIME_PARTS = {
  day: { day: 'numeric', month: 'long', year: 'numeric' },
  date: { day: 'numeric', month: 'short', year: 'numeric' },
  dayOfYear: { day: 'numeric', month: 'long' },
  minute: { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' },
  instant: { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, timeZoneName: 'short' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

const DAY_MS = 86_400_000;

/** Made once: a page of a thousand grants has thousands of times. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatIn(locale: string, part: keyof typeof TIME_PARTS): Intl.DateTimeFormat {
  const key = `${locale} ${part}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, { ...TIME_PARTS[part], timeZone: 'UTC' });
    formats.set(key, format);
  }
  return format;
}

/** In UTC, and saying so. `now` is what today and yesterday are counted from; days are those of UTC, as the times are. */
export function timeIn(times: Times, at: Date, form: TimeForm, now = new Date()): string {
  const part = (of: keyof typeof TIME_PARTS) => formatIn(times.locale, of).format(at);
  switch (form) {
    case 'day':
      return part('day');
    case 'minute':
      return filled(times.minute, { date: part('date'), clock: part('minute') });
    case 'instant':
      return filled(times.instant, { day: part('day'), clock: part('instant') });
    case 'recently': {
      const days = Math.floor(now.getTime() / DAY_MS) - Math.floor(at.getTime() / DAY_MS);
      const pattern = days <= 0 ? times.today : days === 1 ? times.yesterday : times.earlier;
      return filled(pattern, { day: part('dayOfYear'), clock: part('minute') });
    }
  }
}

function filled(pattern: string, parts: Readonly<Record<string, string>>): string {
  return pattern.replace(/\{(\w+)\}/g, (_, part: string) => parts[part] ?? '');
}
