import type { Database } from '@drawbridge/database';
import { sql } from 'kysely';

const PAGE = 500;

/** What is not as it must be in the database: a message that is missing, or there twice, or before one that was written earlier. */
export async function problemsBySql(
  database: Database,
  expected: { readonly messages: number; readonly people: number; readonly conversations: number },
): Promise<string[]> {
  const { rows } = await sql<Record<string, number>>`
    with m as (select conversation, position, split_part(text, ' ', 1)::bigint as n from message)
    select (select count(*) from m) as messages, (select count(distinct n) from m) as distinct,
           (select count(distinct conversation) from m) as conversations, (select count(*) from person) as people,
           (select count(*) from (select position - lag(position, 1, 0) over w as step, n - lag(n, 1, -1::bigint) over w as later
                                    from m window w as (partition by conversation order by position)) o
             where step <> 1 or later <= 0) as disordered`.execute(database.tables());
  const [{ messages, distinct, conversations, people, disordered } = {} as Record<string, number>] = rows;
  const found = [
    [messages, expected.messages, 'messages are in the database'],
    [distinct, expected.messages, 'of them are distinct'],
    [conversations, expected.conversations, 'conversations have messages'],
    [people, expected.people, 'people are there'],
    [disordered, 0, 'messages are out of order'],
  ] as const;
  return found.flatMap(([is, must, what]) => (is === must ? [] : [`${is} ${what}, not ${must}`]));
}

/** The same as the platform sees it: every message of every conversation, page by page. */
export async function problemsByApi(url: string, token: string, messages: number): Promise<string[]> {
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${url}/platform/v1${path}`, { headers: { Authorization: `Bearer ${token}` } });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return (await response.json()) as T;
  };
  const seen = new Uint8Array(messages);
  let [total, disordered] = [0, 0];
  for (let cursor = ''; ; ) {
    const page = await get<{ conversations: { id: string }[]; next?: string }>(
      `/conversations?limit=${PAGE}${cursor && `&cursor=${cursor}`}`,
    );
    for (const { id } of page.conversations) {
      let last = -1;
      for (let after: number | undefined = 0; after !== undefined; ) {
        const path: string = `/conversations/${id}/messages?after=${after}&limit=${PAGE}`;
        const { messages: some, next }: { messages: { text: string }[]; next?: number } = await get(path);
        for (const { text } of some) {
          const n = Number.parseInt(text, 10);
          if (n <= last) disordered += 1;
          last = n;
          seen[n]! += 1;
          total += 1;
        }
        after = next;
      }
    }
    if (page.next === undefined) break;
    cursor = encodeURIComponent(page.next);
  }
  const [missing, doubled] = [seen.filter((times) => times === 0).length, seen.filter((times) => times > 1).length];
  const problems = [];
  if (missing + doubled + disordered > 0)
    problems.push(
      `the API has ${total} messages: ${missing} missing, ${doubled} more than once, ${disordered} out of order`,
    );
  return problems;
}
