import { CookieJar } from './cookie-jar.js';

const MAX_REDIRECTS = 20;

/** A form on a page: fields and submit buttons, nothing else. */
export interface PageForm {
  readonly action: URL;
  /** Every field as found, but for the checkboxes. */
  readonly fields: readonly [name: string, value: string][];
  /** All checkboxes, ticked or not. */
  readonly checkboxes: readonly { name: string; value: string; checked: boolean }[];
  readonly buttons: readonly { name: string; value: string }[];
}

export interface FormPage {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  readonly forms: readonly PageForm[];
  /** The address outside the bridge, such as an app's, that the last redirect named; it is not followed. */
  readonly left: URL | undefined;
}

const WITHIN_A_LINE = /<\/?(?:a|bdi|code|span|strong|time)\b[^>]*>|[\u2068\u2069]/g;

/** What a page says, in one line. */
export function shownText({ html }: Pick<FormPage, 'html'>): string {
  return html
    .replaceAll(WITHIN_A_LINE, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

/** A browser without JavaScript: follows redirects within the bridge, keeps cookies, and posts forms back as found. */
export class FormBrowser {
  readonly #cookies = new CookieJar();

  constructor(
    private readonly origin: string,
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  get(address: string | URL): Promise<FormPage> {
    return this.#request(new URL(address, this.origin));
  }

  /** Posts a form with some fields filled in (a filled field replaces what was found) and one button pressed. */
  submit(
    form: PageForm,
    filled: Readonly<Record<string, string | readonly string[]>> = {},
    button?: [name: string, value: string],
  ): Promise<FormPage> {
    const ticked = form.checkboxes.filter(({ checked }) => checked).map(({ name, value }) => [name, value]);
    const body = new URLSearchParams([...form.fields, ...ticked].filter(([name]) => !(name! in filled)) as string[][]);
    for (const [name, values] of Object.entries(filled)) for (const value of [values].flat()) body.append(name, value);
    if (button) body.append(...button);
    return this.#request(form.action, body);
  }

  cookieNames(): string[] {
    return this.#cookies.names();
  }

  /** What this browser would send to this address. */
  cookieHeader(path: string): string {
    return this.#cookies.header(new URL(path, this.origin));
  }

  async #request(address: URL, form?: URLSearchParams): Promise<FormPage> {
    let [url, body] = [address, form];
    for (let redirects = 0; redirects < MAX_REDIRECTS; redirects++) {
      const response = await fetch(url, {
        redirect: 'manual',
        headers: { ...this.headers, cookie: this.#cookies.header(url), ...(body ? { origin: this.origin } : {}) },
        ...(body ? { method: 'POST', body } : {}),
      });
      this.#cookies.take(response);
      const { status, headers } = response;
      const html = await response.text();
      const location = status >= 300 && status < 400 ? headers.get('location') : null;
      const next = location === null ? undefined : new URL(location, url);
      const left = next && next.origin !== this.origin ? next : undefined;
      if (!next || left) return { url, status, headers, html, forms: formsOf(html, url), left };
      [url, body] = [next, undefined];
    }
    throw new Error('Too many redirects.');
  }
}

/** The first form that has a field or button of this name, and value; throws with the page's text when there is none. */
export function formWith({ forms, url, status, html }: FormPage, name: string, value?: string): PageForm {
  const found = forms.find(({ fields, checkboxes, buttons }) =>
    [...fields.map(([field, text]) => ({ name: field, value: text })), ...checkboxes, ...buttons].some(
      (field) => field.name === name && (value === undefined || field.value === value),
    ),
  );
  if (found) return found;
  const text = html.replaceAll(/<style[\s\S]*?<\/style>|<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
  throw new Error(`No form with ${name} at ${url} (${status}): ${text.slice(0, 600)}`);
}

function formsOf(html: string, url: URL): PageForm[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head = '', inner = '']) => {
    const found = [...inner.matchAll(/<(input|button)\b([^>]*)>/g)].map(([, tag, text = '']) =>
      attributesOf(text, tag),
    );
    const controls = found.flatMap(({ name, value, ...rest }) => (name ? [{ name, value, ...rest }] : []));
    const isButton = ({ tag, type }: Attributes) => tag === 'button' || type === 'submit';
    const plain = controls.filter((control) => control.type !== 'checkbox' && !isButton(control));
    return {
      action: new URL(attributesOf(head).action ?? url, url),
      fields: plain.map(({ name, value }) => [name, value ?? '']),
      checkboxes: controls
        .filter(({ type }) => type === 'checkbox')
        .map(({ name, value, checked }) => ({ name, value: value ?? 'on', checked: checked !== undefined })),
      buttons: controls.filter(isButton).map(({ name, value }) => ({ name, value: value ?? '' })),
    };
  });
}

type Attributes = Partial<Record<'tag' | 'type' | 'name' | 'value' | 'checked' | 'action', string>>;

function attributesOf(text: string, tag?: string): Attributes {
  const attributes: Record<string, string> = tag === undefined ? {} : { tag };
  for (const [, name = '', quoted, bare] of text.matchAll(/([a-zA-Z-]+)(?:="([^"]*)"|=([^\s"]+))?/g))
    attributes[name.toLowerCase()] = unescapeHtml(quoted ?? bare ?? '');
  return attributes;
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
