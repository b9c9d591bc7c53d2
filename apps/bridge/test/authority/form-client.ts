/** A form on a page, as an independent client sees it: fields and submit buttons, nothing else. */
export interface Form {
  action: string;
  fields: [name: string, value: string][];
  checkboxes: { name: string; value: string; checked: boolean }[];
  buttons: { name: string; value: string }[];
}

export interface Page {
  url: string;
  status: number;
  headers: Headers;
  html: string;
  forms: Form[];
  /** Where a redirect led that this client does not follow: the app's own address. */
  left: URL | undefined;
}

const REDIRECTS_MAX = 10;

/** A browser without scripts: a cookie jar, forms, redirects within one origin. */
export class FormClient {
  private readonly cookies = new Map<string, { name: string; value: string; path: string }>();

  constructor(
    readonly origin: string,
    private readonly headers: Record<string, string> = {},
  ) {}

  get(address: string): Promise<Page> {
    return this.request(new URL(address, this.origin), 'GET');
  }

  /** Posts the whole form as it was found, with `values` filled in and the button pressed. */
  submit(
    page: Page,
    form: Form,
    values: Record<string, string | string[]> = {},
    button?: [string, string],
  ): Promise<Page> {
    const body = new URLSearchParams();
    for (const [name, value] of form.fields) if (!(name in values)) body.append(name, value);
    for (const box of form.checkboxes) if (box.checked && !(box.name in values)) body.append(box.name, box.value);
    for (const [name, value] of Object.entries(values)) for (const one of [value].flat()) body.append(name, one);
    if (button) body.append(...button);
    return this.request(new URL(form.action || page.url, page.url), 'POST', body);
  }

  cookieNames(): string[] {
    return [...this.cookies.values()].map(({ name }) => name);
  }

  private async request(url: URL, method: 'GET' | 'POST', body?: URLSearchParams): Promise<Page> {
    for (let hops = 0; hops < REDIRECTS_MAX; hops++) {
      const response = await fetch(url, {
        method,
        redirect: 'manual',
        headers: { ...this.headers, cookie: this.cookieHeader(url) },
        ...(body ? { body } : {}),
      });
      this.keepCookies(url, response);
      const html = await response.text();
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || !location) {
        return {
          url: url.href,
          status: response.status,
          headers: response.headers,
          html,
          forms: formsOf(html),
          left: undefined,
        };
      }
      const next = new URL(location, url);
      if (next.origin !== this.origin) {
        return { url: url.href, status: response.status, headers: response.headers, html, forms: [], left: next };
      }
      [url, method, body] = [next, 'GET', undefined];
    }
    throw new Error('too many redirects');
  }

  private cookieHeader(url: URL): string {
    return [...this.cookies.values()]
      .filter(({ path }) => url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  private keepCookies(url: URL, response: Response): void {
    for (const header of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = header.split(';').map((part) => part.trim());
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      const path = attributes.find((part) => /^path=/i.test(part))?.slice(5) ?? url.pathname;
      const expires = attributes.find((part) => /^expires=/i.test(part))?.slice(8);
      const key = `${path} ${name}`;
      if (value === '' || (expires && Date.parse(expires) < Date.now())) this.cookies.delete(key);
      else this.cookies.set(key, { name, value, path });
    }
  }
}

function formsOf(html: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, attributes = '', inner = '']) => {
    const inputs = [...inner.matchAll(/<input\b([^>]*)>/g)].map(([, text = '']) => attributesOf(text));
    const checkbox = (input: Record<string, string>) => input.type === 'checkbox';
    return {
      action: attributesOf(attributes).action ?? '',
      fields: inputs.filter((input) => !checkbox(input)).map((input) => [input.name ?? '', input.value ?? '']),
      checkboxes: inputs
        .filter(checkbox)
        .map((input) => ({ name: input.name ?? '', value: input.value ?? '', checked: 'checked' in input })),
      buttons: [...inner.matchAll(/<button\b([^>]*)>/g)].map(([, text = '']) => {
        const { name = '', value = '' } = attributesOf(text);
        return { name, value };
      }),
    };
  });
}

function attributesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, name = '', value = '']) => [
      name.toLowerCase(),
      value.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&amp;', '&'),
    ]),
  );
}

/** The form that has a field or a button of this name. */
export function formWith(page: Page, name: string, value?: string): Form {
  const found = page.forms.find(
    (form) =>
      form.fields.some(([field, text]) => field === name && (value === undefined || text === value)) ||
      form.checkboxes.some((box) => box.name === name) ||
      form.buttons.some((button) => button.name === name && (value === undefined || button.value === value)),
  );
  if (!found) throw new Error(`no form with ${name} on ${page.url} (${page.status}): ${page.html.slice(-1500)}`);
  return found;
}
