import { signal } from '@preact/signals';
import { textWithoutSecrets } from './secrets.js';

/** A frame that a tester keeps, of no person in particular: its placeholders are filled when it is sent. */
export interface SavedRequest {
  readonly name: string;
  readonly text: string;
}

export const SAVED_LIMITS = {
  requests: 200,
  nameCharacters: 80,
  /** As much as a frame may be. */
  textCharacters: 65_536,
  /** Of a file that is imported: more than a browser keeps for a page. */
  fileBytes: 16_777_216,
} as const;

const KEY = 'drawbridge-console-requests';
const FORMAT = 'drawbridge-requests/1';

type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem'>;

/** The tester's own requests, in this browser, without tokens. Each says in words why something cannot be. */
export class SavedRequests {
  readonly all = signal<readonly SavedRequest[]>([]);

  constructor(private readonly storage: Storage) {
    this.all.value = kept(parsed(storage.getItem(KEY) ?? '[]'));
  }

  /** Under a name that is there already it takes that one's place. */
  save(name: string, text: string): void {
    const request = { name: nameOf(name), text: textOf(text) };
    const others = this.all.value.filter((each) => each.name !== request.name);
    if (others.length >= SAVED_LIMITS.requests)
      throw new Error(`There are ${SAVED_LIMITS.requests} saved requests already: delete one first.`);
    this.#keep([...others, request]);
  }

  rename(name: string, next: string): void {
    const wanted = nameOf(next);
    if (wanted === name) return;
    if (this.all.value.some((each) => each.name === wanted)) throw new Error(`There is a request “${wanted}” already.`);
    this.#keep(this.all.value.map((each) => (each.name === name ? { ...each, name: wanted } : each)));
  }

  delete(name: string): void {
    this.#keep(this.all.value.filter((each) => each.name !== name));
  }

  /** A file's text. */
  exported(): string {
    return `${JSON.stringify({ format: FORMAT, requests: this.all.value }, null, 2)}\n`;
  }

  /** Adds what is in a file; what has the name of one that is there takes its place. Gives their number. */
  import(text: string): number {
    const file = parsed(text) as { format?: unknown; requests?: unknown } | undefined;
    const requests = file?.format === FORMAT ? listOf(file.requests) : undefined;
    if (!requests) throw new Error('This is not a file of saved requests: export one to see what it looks like.');
    const byName = new Map([...this.all.value, ...requests].map((request) => [request.name, request]));
    if (byName.size > SAVED_LIMITS.requests)
      throw new Error(`That would be ${byName.size} saved requests; ${SAVED_LIMITS.requests} is the most.`);
    this.#keep([...byName.values()]);
    return requests.length;
  }

  #keep(requests: readonly SavedRequest[]): void {
    try {
      this.storage.setItem(KEY, JSON.stringify(requests));
    } catch {
      throw new Error('The browser has no room for it: delete or export some saved requests.');
    }
    this.all.value = requests;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of what the browser has kept, whatever can be used: the console is there without it, too. */
function kept(value: unknown): readonly SavedRequest[] {
  const each = Array.isArray(value) ? value : [];
  return each.flatMap((one) => {
    try {
      return listOf([one]) ?? [];
    } catch {
      return [];
    }
  });
}

/** Undefined where it is not a list of them. */
function listOf(value: unknown): readonly SavedRequest[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const isOne = (each: Partial<SavedRequest> | null) => typeof each?.name === 'string' && typeof each.text === 'string';
  if (!value.every(isOne)) return undefined;
  return value.map(({ name, text }: SavedRequest) => ({ name: nameOf(name), text: textOf(text) }));
}

function nameOf(name: string): string {
  const trimmed = name.trim().slice(0, SAVED_LIMITS.nameCharacters);
  if (trimmed === '') throw new Error('A saved request needs a name.');
  return trimmed;
}

function textOf(text: string): string {
  const shown = text.length > SAVED_LIMITS.textCharacters ? text : textWithoutSecrets(text);
  if (shown.length > SAVED_LIMITS.textCharacters)
    throw new Error(`A saved request has ${SAVED_LIMITS.textCharacters} characters at most.`);
  return shown;
}
