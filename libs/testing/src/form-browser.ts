import { CookieJar } from './cookie-jar.js';

const MAX_REDIRECTS = 20;

export interface PageForm {
  readonly action: URL;
  /** Every field as found; checkboxes only where they are ticked. */
  readonly fields: [name: string, value: string][];
  /** All checkboxes, ticked or not. */
  readonly checkboxes: { name: string; value: string; checked: boolean }[];
  readonly buttons: { name: string; value: string }[];
}

/** A browser without JavaScript: follows redirects within the bridge, keeps cookies, and posts forms back as found. */
export class FormBrowser {
  readonly #cookies = new CookieJar();
  url!: URL;
  status = 0;
  html = '';

  constructor(private readonly origin: string) {}

  /** Resolves to the address outside the bridge that the last redirect named, if there was one. */
  async go(address: string | URL, form?: URLSearchParams): Promise<URL | undefined> {
    let url = new URL(address, this.origin);
    let body = form;
    for (let redirects = 0; redirects < MAX_REDIRECTS; redirects++) {
      const response = await fetch(url, {
        redirect: 'manual',
        headers: { cookie: this.#cookies.header(url), ...(body ? { origin: this.origin } : {}) },
        ...(body ? { method: 'POST', body } : {}),
      });
      this.#cookies.take(response);
      this.url = url;
      this.status = response.status;
      this.html = await response.text();
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) return undefined;
      url = new URL(location, url);
      body = undefined;
      if (url.origin !== this.origin) return url;
    }
    throw new Error('Too many redirects.');
  }

  /** The forms of the page. */
  forms(): PageForm[] {
    return [...this.html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head = '', inner = '']) => {
      const inputs = [...inner.matchAll(/<(input|button)\b([^>]*)>/g)].map(([, tag, text = '']) => ({
        tag,
        ...attributesOf(text),
      }));
      const checkboxes = inputs.flatMap(({ type, name, value, checked }) =>
        type === 'checkbox' && name ? [{ name, value: value ?? 'on', checked: checked !== undefined }] : [],
      );
      const buttons = inputs.flatMap(({ tag, type, name, value }) =>
        (tag === 'button' || type === 'submit') && name ? [{ name, value: value ?? '' }] : [],
      );
      const plain = inputs.flatMap(({ tag, type, name, value }): [string, string][] =>
        tag === 'input' && name && type !== 'checkbox' && type !== 'submit' ? [[name, value ?? '']] : [],
      );
      const ticked = checkboxes
        .filter(({ checked }) => checked)
        .map(({ name, value }): [string, string] => [name, value]);
      return {
        action: new URL(attributesOf(head).action ?? this.url, this.url),
        fields: [...plain, ...ticked],
        checkboxes,
        buttons,
      };
    });
  }

  /** Posts a form with some fields filled in (a filled field replaces what was found) and one button pressed. */
  submit(
    form: PageForm,
    filled: Record<string, string | string[]>,
    button?: [name: string, value: string],
  ): Promise<URL | undefined> {
    const body = new URLSearchParams(form.fields.filter(([name]) => !(name in filled)));
    for (const [name, values] of Object.entries(filled)) for (const value of [values].flat()) body.append(name, value);
    if (button) body.append(...button);
    return this.go(form.action, body);
  }

  /** The one form that has the field or button; throws with the page's text when there is none. */
  formWith(name: string): PageForm {
    const form = this.forms().find(({ fields, checkboxes, buttons }) =>
      [...fields.map(([field]) => ({ name: field })), ...checkboxes, ...buttons].some((field) => field.name === name),
    );
    if (form) return form;
    throw new Error(
      `No form with ${name} at ${this.url} (${this.status}): ${this.html
        .replaceAll(/<style[\s\S]*?<\/style>|<[^>]+>/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .slice(0, 600)}`,
    );
  }
}

type Attributes = Partial<Record<'type' | 'name' | 'value' | 'checked' | 'action', string>>;

function attributesOf(text: string): Attributes {
  const attributes: Record<string, string> = {};
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
