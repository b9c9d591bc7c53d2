import type { Database } from '@drawbridge/database';

const PAGE = 500;

interface Tables {
  readonly person: { key: number };
  readonly message: { conversation: string; position: number; text: string };
}

/** Ticks off what is found, in the order of each conversation. */
class Found {
  total = 0;
  disordered = 0;
  private readonly times: Uint8Array;
  private last = -1;

  constructor(messages: number) {
    this.times = new Uint8Array(messages);
  }

  conversation(): void {
    this.last = -1;
  }

  /** Each begins with its number in the file. */
  message(text: string): void {
    const n = Number.parseInt(text, 10);
    if (n <= this.last) this.disordered += 1;
    this.last = n;
    this.times[n]! += 1;
    this.total += 1;
  }

  problems(where: string): string[] {
    const missing = this.times.filter((times) => times === 0).length;
    const doubled = this.times.filter((times) => times > 1).length;
    if (missing + doubled + this.disordered === 0 && this.total === this.times.length) return [];
    return [
      `${where} has ${this.total} messages: ${missing} missing, ${doubled} more than once, ${this.disordered} out of order`,
    ];
  }
}

/** What is not as it must be in the database: a message that is missing, or there twice, or before one that was written earlier. */
export async function problemsBySql(
  database: Database,
  expected: { readonly messages: number; readonly people: number; readonly conversations: number },
): Promise<string[]> {
  const tables = database.tables<Tables>();
  const found = new Found(expected.messages);
  const conversations = await tables.selectFrom('message').select('conversation').distinct().execute();
  for (const { conversation } of conversations) {
    found.conversation();
    const messages = await tables
      .selectFrom('message')
      .where('conversation', '=', conversation)
      .orderBy('position')
      .select(['position', 'text'])
      .execute();
    for (const [n, { position, text }] of messages.entries()) {
      if (position !== n + 1) found.disordered += 1;
      found.message(text);
    }
  }
  const problems = found.problems('the database');
  const people = await tables.selectFrom('person').select('key').execute();
  if (people.length !== expected.people) problems.push(`${people.length} people, not ${expected.people}`);
  if (conversations.length !== expected.conversations)
    problems.push(`${conversations.length} conversations with messages, not ${expected.conversations}`);
  return problems;
}

/** The same as the platform sees it: every message of every conversation, page by page. */
export async function problemsByApi(url: string, token: string, messages: number): Promise<string[]> {
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${url}/platform/v1${path}`, { headers: { Authorization: `Bearer ${token}` } });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return (await response.json()) as T;
  };
  const found = new Found(messages);
  for (let cursor = ''; ; ) {
    const page = await get<{ conversations: { id: string }[]; next?: string }>(
      `/conversations?limit=${PAGE}${cursor && `&cursor=${cursor}`}`,
    );
    for (const { id } of page.conversations) {
      found.conversation();
      for (let after: number | undefined = 0; after !== undefined; ) {
        const path: string = `/conversations/${id}/messages?after=${after}&limit=${PAGE}`;
        const { messages: some, next }: { messages: { text: string }[]; next?: number } = await get(path);
        for (const { text } of some) found.message(text);
        after = next;
      }
    }
    if (page.next === undefined) return found.problems('the API');
    cursor = encodeURIComponent(page.next);
  }
}
