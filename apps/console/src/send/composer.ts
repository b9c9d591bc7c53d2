import { computed, signal } from '@preact/signals';
import type { Console } from '../console.js';
import type { Seat } from '../people/seat.js';
import type { Entry, WireFrame } from '../wire/entry.js';
import { type Command, loadDocument, type ProtocolDocument } from './document.js';
import { startOf } from './fields.js';
import { expand, unknownPlaceholders, withSamples } from './placeholders.js';
import { NotJson, readWithPlaces } from './places.js';
import { SavedRequests } from './saved.js';
import { Schemas } from './validation.js';

/** Something in the text that the protocol does not allow, and where. */
export interface Finding {
  readonly line: number;
  /** A JSON Pointer into the frame; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/** What was sent last, and what came of it. */
export interface Outcome {
  readonly sent: Entry;
  /** Its reply, or the refusal of a frame that has no id, or the end of the connection. */
  readonly answer?: Entry;
}

/** A frame as a tester writes it: the form and the raw editor are two views of this one text. */
export class Composer {
  readonly text = signal('');
  /** Undefined until the bridge has described its protocol, or where it did not. */
  readonly document = signal<ProtocolDocument | undefined>(undefined);
  readonly view = signal<'form' | 'raw'>('form');
  /** Whether the same `clientId` is sent again, to see that a retry changes nothing (I5). */
  readonly keepsClientId = signal(false);
  readonly outcome = signal<Outcome | undefined>(undefined);
  /** Why nothing could be sent, or why there are no forms. */
  readonly problem = signal('');
  readonly saved = new SavedRequests(localStorage);
  readonly frame = computed(() => frameOf(this.text.value));
  readonly command = computed((): Command | undefined => {
    const { event } = this.frame.value ?? {};
    return event === undefined ? undefined : this.document.value?.command(event);
  });
  readonly findings = computed(() => this.#judge(this.text.value));
  readonly #schemas = computed(() => this.document.value && new Schemas(this.document.value));
  /** The `clientId` that this made last: only that one is made anew after it was sent. */
  #clientId = '';
  #count = 0;

  constructor(private readonly console: Console) {
    console.log.on((entry) => this.#heard(entry));
  }

  async load(): Promise<void> {
    try {
      this.document.value = await loadDocument(this.console.settings.publicUrl);
      this.console.log.check = this.#schemas.value!.check;
      if (this.text.value === '') this.choose('message.send');
    } catch (error) {
      this.problem.value = `There are no forms and no checks: ${(error as Error).message}`;
    }
  }

  choose(name: string): void {
    const command = this.document.value?.command(name);
    if (command)
      this.write(
        name,
        startOf(command, () => this.newClientId()),
      );
  }

  write(event: string, data: unknown): void {
    this.text.value = JSON.stringify({ event, id: this.frame.value?.id ?? '{{id}}', data }, null, 2);
  }

  newClientId(): string {
    this.#clientId = crypto.randomUUID();
    return this.#clientId;
  }

  /** Keeps what is written. A `clientId` that was made here is made anew each time that it is used, unless it is to be the same. */
  save(name: string): void {
    const text = this.text.value;
    const isOurs = !this.keepsClientId.value && this.#clientId !== '';
    this.saved.save(name, isOurs ? text.replaceAll(this.#clientId, '{{uuid}}') : text);
  }

  /** Sends what is written, whether or not it is valid. */
  async send(): Promise<void> {
    const { text } = this;
    if (!(await this.#doing(() => this.sendAs(this.console.seat, text.value)))) return;
    if (this.keepsClientId.value || this.#clientId === '' || !text.value.includes(this.#clientId)) return;
    text.value = text.value.replaceAll(this.#clientId, this.newClientId());
  }

  /** The same text as before, byte for byte but for its id: the same `clientId` with it. */
  async repeat(): Promise<void> {
    const { sent } = this.outcome.value ?? {};
    if (!sent) return;
    const text = sent.frame?.id === undefined ? sent.text : JSON.stringify({ ...sent.frame, id: this.#newId() });
    await this.#doing(() => this.#sendText(this.console.seats[sent.side], text));
  }

  /** What is written, for somewhere else: all that is known of it filled in, but for a token and its proof. */
  async toCopy(): Promise<string> {
    const { text } = await expand(this.text.value, { ...this.#around(this.console.seat), token: async () => null });
    return text;
  }

  /** Fills the placeholders and sends. Throws where there is no connection, or nothing to fill one with. */
  async sendAs(seat: Seat, text: string): Promise<Entry> {
    if (!seat.tap.socket) throw new Error(`${seat.name} has no connection: connect, or sign them in, first.`);
    const expanded = await expand(text, this.#around(seat));
    if (expanded.missing.length > 0) throw new Error(expanded.missing.join(' '));
    return this.#sendText(seat, expanded.text);
  }

  /** Its reply, or the end of its connection; undefined where neither comes within the time. */
  async answerTo(sent: Entry, withinMs: number): Promise<Entry | undefined> {
    const { promise, resolve } = Promise.withResolvers<Entry | undefined>();
    const stop = this.console.log.on((entry) => isAnswerTo(sent, entry) && resolve(entry));
    const late = setTimeout(resolve, withinMs);
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      stop();
    }
  }

  #sendText(seat: Seat, text: string): Entry {
    const sent = seat.tap.send(text);
    this.problem.value = '';
    this.outcome.value = { sent };
    return sent;
  }

  /** False where it did not work; the page says why. */
  async #doing(act: () => unknown): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      this.problem.value = (error as Error).message;
      return false;
    }
  }

  #heard(entry: Entry): void {
    const outcome = this.outcome.peek();
    if (!outcome || outcome.answer) return;
    const { sent } = outcome;
    if (isAnswerTo(sent, entry)) this.outcome.value = { sent, answer: entry };
  }

  #judge(text: string): readonly Finding[] {
    try {
      const { value, lineOf } = readWithPlaces(withSamples(text));
      const unknown = unknownPlaceholders(text).map((name) => ({
        line: text.slice(0, text.indexOf(`{{${name}}}`)).split('\n').length,
        path: '',
        message: `{{${name}}} is no placeholder and is sent as it is.`,
      }));
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return [{ line: 1, path: '', message: 'A frame is a JSON object with an event and an id.' }];
      const schemas = this.#schemas.value;
      if (!schemas) return unknown;
      const { event } = value as Partial<WireFrame>;
      if (typeof event !== 'string')
        return [{ line: lineOf('/event'), path: '/event', message: 'must be the name of a command.' }];
      const issues = schemas.ofCommand(value as WireFrame);
      return [...issues.map((issue) => ({ ...issue, line: lineOf(issue.path) })), ...unknown];
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
      return [{ line: error.line, path: '', message: `This is not JSON: ${error.message}` }];
    }
  }

  /** None that the SDK makes: those begin with `c-`. */
  #newId(): string {
    return `t-${++this.#count}`;
  }

  #around(seat: Seat) {
    const { chat, tap, signIn } = seat;
    const other = this.console.seats[seat.side === 'left' ? 'right' : 'left'];
    const me = seat.session.value?.person.id;
    const talk = chat.talks.value.find(({ id }) => id === chat.openId.value);
    const last = chat.messages.value.at(-1);
    // The token and its proof belong together.
    let token: ReturnType<typeof signIn.accessToken> | undefined;
    return {
      newId: () => this.#newId(),
      conversation: chat.openId.value,
      me,
      other: other.session.value?.person.id ?? talk?.members.find(({ id }) => id !== me)?.id ?? chat.to.value,
      message: last?.id,
      position: last?.position,
      seq: tap.socket?.seq,
      nonce: tap.socket?.nonce,
      token: () => {
        token ??= signIn.accessToken();
        return token;
      },
    };
  }
}

function frameOf(text: string): WireFrame | undefined {
  try {
    const frame = JSON.parse(text) as WireFrame | null;
    return typeof frame === 'object' && typeof frame?.event === 'string' ? frame : undefined;
  } catch {
    return undefined;
  }
}

/** Its reply, the refusal of a frame that has no id, or the end of its connection. */
function isAnswerTo(sent: Entry, entry: Entry): boolean {
  if (entry.side !== sent.side || entry.connection !== sent.connection) return false;
  const isRefusal = entry.kind === 'received' && entry.event === 'error' && entry.frame?.id === undefined;
  return entry.answers?.entry === sent.number || entry.kind === 'closed' || isRefusal;
}
