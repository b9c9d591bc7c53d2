interface Cookie {
  name: string;
  value: string;
  path: string;
}

/** Cookies of one origin, as a browser would keep them, paths included. */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  take(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      const attribute = (key: string) =>
        attributes.find((text) => text.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
      const path = attribute('path') ?? '/';
      const expires = attribute('expires');
      const over = attribute('max-age') === '0' || (expires !== undefined && Date.parse(expires) < Date.now());
      if (over) this.#cookies.delete(`${name} ${path}`);
      else this.#cookies.set(`${name} ${path}`, { name, value, path });
    }
  }

  header(url: URL): string {
    const matching = [...this.#cookies.values()].filter(({ path }) => isBelow(url.pathname, path));
    return matching.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  names(): string[] {
    return [...this.#cookies.values()].map(({ name }) => name);
  }
}

/** RFC 6265 section 5.1.4. */
function isBelow(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
}
