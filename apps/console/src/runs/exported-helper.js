// biome-ignore-all lint/correctness/noUnusedVariables: what is exported begins with what uses it (jest-test.ts).
/** How long a test waits for what has to come. Raise it for a slow network. */
const WAIT_MS = 10_000;

/** One person of the test: signs in through the real pages, and talks to the bridge on one connection at a time. */
class Person {
  constructor(side, settings) {
    Object.assign(this, { side, ...settings });
    this.isOpen = false;
    this.lastSeq = 0;
    this.count = 0;
    this.replies = new Map();
    this.events = [];
    this.fleeting = [];
    this.ignored = new Set(['receipt.updated']);
    this.wake = () => {};
  }

  // --- Signing in: authorization code with PKCE, through the pages as a browser without JavaScript ---

  async signIn() {
    if (!this.login || !this.password)
      throw new Error(`Set ${this.side}_LOGIN and ${this.side}_PASSWORD: who signs in as the ${this.side} person.`);
    const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
    const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
    const question = new URLSearchParams({
      response_type: 'code',
      client_id: this.clientId,
      redirect_uri: this.redirectUri,
      scope: `openid ${this.scopes.join(' ')}`,
      state: crypto.randomUUID(),
      code_challenge: base64url(new Uint8Array(challenge)),
      code_challenge_method: 'S256',
    });
    const browser = new Browser(this.url);
    await browser.go(`${this.url}/oidc/auth?${question}`);
    await browser.submit('login', { login: [this.login], password: [this.password] });
    await browser.submit('decision', { scope: this.scopes, decision: ['allow'] });
    const code = browser.left?.searchParams.get('code');
    if (!code) throw new Error(`The ${this.side} person could not sign in: ${browser.left ?? browser.text()}`);
    const form = { grant_type: 'authorization_code', code, redirect_uri: this.redirectUri, code_verifier: verifier };
    const tokens = await this.post('/oidc/token', form);
    this.token = tokens.access_token;
    this.refreshToken = tokens.refresh_token;
  }

  /** Ends the consent, so that none is left behind by each run. */
  async signOut() {
    this.drop();
    if (this.refreshToken) await this.post('/oidc/token/revocation', { token: this.refreshToken });
  }

  async post(path, form) {
    const body = new URLSearchParams({ ...form, client_id: this.clientId });
    const response = await fetch(`${this.url}${path}`, { method: 'POST', body });
    const text = await response.text();
    if (!response.ok) throw new Error(`POST ${path} was answered with ${response.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  // --- The connection ---

  /** Without a session. */
  async connect() {
    this.drop();
    this.closed = undefined;
    this.replies.clear();
    this.fleeting = [];
    this.hasSession = false;
    const socket = new WebSocket(`${this.url.replace(/^http/, 'ws')}/bridge`, 'drawbridge.v1');
    this.socket = socket;
    socket.addEventListener('message', ({ data }) => {
      // What still comes on a connection that was dropped, nobody hears.
      if (this.socket === socket) this.take(JSON.parse(data));
    });
    socket.addEventListener('close', ({ code, reason }) => {
      if (this.socket !== socket) return;
      this.isOpen = false;
      this.closed = { code, reason };
      this.wake();
    });
    await this.passing('hello');
    this.isOpen = true;
  }

  /** Opens a session and waits until the mailbox is live. With `resume` it goes on where the last connection was. */
  async open({ resume = false, token = this.token } = {}) {
    await this.connect();
    const goesOn = resume ? { resume: { epoch: this.epoch, after: this.lastSeq } } : {};
    this.startsAtHead = !resume;
    this.openId = this.send('session.open', { token, client: { name: 'A recorded test', version: '1' }, ...goesOn });
    const session = await this.reply(this.openId);
    this.id = session.person.id;
    this.hasSession = true;
    if (session.mailbox) await this.passing('mailbox.live');
    return session;
  }

  /** The connection is lost: nothing more is heard on it. */
  drop() {
    const { socket } = this;
    this.socket = undefined;
    this.isOpen = false;
    socket?.close(1000);
  }

  /** Ends the connection, and forgets what came on it. */
  async leave() {
    await this.close(1000);
    this.events = [];
  }

  async close(code, reason) {
    this.socket.close(code, reason);
    await this.untilClosed();
  }

  untilClosed() {
    return this.until('the connection is closed', () => this.closed);
  }

  /** Sends a command. Its id is for `reply` and `refusal`. */
  send(event, data) {
    const id = `t-${++this.count}`;
    this.write(JSON.stringify({ event, id, data }));
    return id;
  }

  write(text) {
    if (!this.isOpen) throw new Error(`The ${this.side} person is not connected.`);
    this.socket.send(text);
  }

  /** The data of the `ok` to a command. */
  async reply(id) {
    const { event, data } = await this.until(`the reply to ${id} is there`, () => this.replies.get(id));
    if (event !== 'ok') throw new Error(`The bridge refused it: ${JSON.stringify(data)}`);
    return data;
  }

  /** The data of the `error` that a command is refused with. */
  async refusal(id) {
    const { event, data } = await this.until(`the refusal of ${id} is there`, () => this.replies.get(id));
    if (event !== 'error') throw new Error(`It was not refused: ${JSON.stringify(data)}`);
    return data;
  }

  /** The data of the next event that has a `seq`: it has to be this one. Receipts are passed over, unless one is asked for. */
  async next(event) {
    const isMeant = (frame) => frame.seq !== undefined && (frame.event === event || !this.ignored.has(frame.event));
    const frame = await this.until(`${event} is there`, () => this.events.find(isMeant));
    this.events = this.events.slice(this.events.indexOf(frame) + 1);
    if (frame.event !== event) throw new Error(`${event} should be next, but this is: ${JSON.stringify(frame)}`);
    return frame.data;
  }

  /** The data of an event without a `seq` in which these values are, in whatever order they come. */
  async passing(event, values = {}) {
    const has = (data) => Object.entries(values).every(([key, value]) => data[key] === value);
    const look = () => this.fleeting.findIndex((frame) => frame.event === event && has(frame.data));
    await this.until(`${event} is there`, () => (look() < 0 ? undefined : true));
    return this.fleeting.splice(look(), 1)[0].data;
  }

  /**
   * Gives the events that nobody asked for, when everything that was on its way has come: what the bridge wrote before it
   * answered a ping, and what a new connection brings that goes on where this one is.
   */
  async rest() {
    if (!this.isOpen || !this.hasSession) return [];
    await this.reply(this.send('ping', {}));
    if (this.epoch !== undefined) await this.open({ resume: true });
    return this.events.filter(({ event }) => !this.ignored.has(event));
  }

  take(frame) {
    const { event, id, seq, prev, data } = frame;
    if (id !== undefined && (event === 'ok' || event === 'error')) {
      if (this.replies.has(id)) this.problem ??= `A second reply came to ${id}.`;
      this.replies.set(id, frame);
      if (id === this.openId && data.mailbox) {
        this.epoch = data.mailbox.epoch;
        if (this.startsAtHead) this.lastSeq = data.mailbox.head;
      }
    } else if (seq === undefined) this.fleeting.push(frame);
    else {
      // Each event follows the one before it: in order, nothing missing, nothing twice.
      if (prev !== this.lastSeq || seq <= prev)
        this.problem ??= `seq ${seq} with prev ${prev} came after ${this.lastSeq}: ${JSON.stringify(frame)}`;
      this.lastSeq = seq;
      this.events.push(frame);
    }
    this.wake();
  }

  /** Waits for something, and not for a time; but not for ever. */
  async until(what, look) {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      if (this.problem) throw new Error(`To the ${this.side} person: ${this.problem}`);
      const found = look();
      if (found !== undefined) return found;
      if (this.closed) throw new Error(`The ${this.side} person was closed with ${this.closed.code} before ${what}.`);
      if (Date.now() >= deadline) throw new Error(`The ${this.side} person waited ${WAIT_MS} ms until ${what}.`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  // --- What was there before ---

  /** The one direct conversation with somebody; it is made, if need be. */
  conversationWith(member) {
    return this.made({ members: [member] });
  }

  /** The group with this title and so many members; it is made, if need be. */
  async groupCalled(title, members) {
    for (let cursor, page = 0; page < 20; page++) {
      const list = await this.reply(this.send('conversation.list', cursor === undefined ? {} : { cursor }));
      const found = list.conversations.find((each) => each.title === title && each.memberCount === members.length + 1);
      if (found) return found.id;
      cursor = list.next;
      if (cursor === undefined) break;
    }
    return this.made({ members, title });
  }

  async made(data) {
    const id = this.send('conversation.create', { ...data, clientId: crypto.randomUUID() });
    return (await this.reply(id)).conversation.id;
  }
}

/** As much of a browser as the pages need: redirects, cookies, and forms that are posted back as they were found. */
class Browser {
  constructor(origin) {
    this.origin = new URL(origin).origin;
    this.cookies = new Map();
  }

  async go(address, body) {
    let [url, form] = [new URL(address, this.origin), body];
    for (let redirects = 0; redirects < 20; redirects++) {
      const headers = { cookie: [...this.cookies.values()].join('; '), ...(form ? { origin: this.origin } : {}) };
      const sent = form ? { method: 'POST', body: form } : {};
      const response = await fetch(url, { redirect: 'manual', headers, ...sent });
      for (const line of response.headers.getSetCookie()) this.keep(line);
      const location = response.headers.get('location');
      this.html = await response.text();
      this.url = url;
      if (!location) return;
      [url, form] = [new URL(location, url), undefined];
      // Back to the app, with the code: nobody has to be there.
      if (url.origin !== this.origin) {
        this.left = url;
        return;
      }
    }
    throw new Error('The pages redirect for ever.');
  }

  /** Posts the form that has a field or button of this name. */
  async submit(name, filled) {
    const forms = [...(this.html ?? '').matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)];
    const form = forms.find(([, , inner]) => inner.includes(`name="${name}"`));
    if (!form) throw new Error(`There is no form with ${name} at ${this.left ?? this.url}: ${this.text()}`);
    const body = new URLSearchParams();
    for (const [, tag] of form[2].matchAll(/<input\b([^>]*)>/g)) {
      const field = attribute(tag, 'name');
      if (field && attribute(tag, 'type') !== 'checkbox' && !(field in filled))
        body.append(field, attribute(tag, 'value') ?? '');
    }
    for (const [field, values] of Object.entries(filled)) for (const value of values) body.append(field, value);
    await this.go(new URL(attribute(form[1], 'action') ?? this.url, this.url), body);
  }

  keep(line) {
    const [pair] = line.split(';');
    const name = pair.slice(0, pair.indexOf('='));
    const path = /;\s*path=([^;]*)/i.exec(line)?.[1] ?? '/';
    if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) this.cookies.delete(`${name} ${path}`);
    else this.cookies.set(`${name} ${path}`, pair);
  }

  /** What the page says, for whoever has to find out what went wrong. */
  text() {
    const words = (this.html ?? '').replaceAll(/<style[\s\S]*?<\/style>|<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
    return words.trim().slice(0, 400);
  }
}

function attribute(tag, name) {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
  return value?.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&');
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
