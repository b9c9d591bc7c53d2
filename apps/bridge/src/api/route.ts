import type { DataClass } from '@drawbridge/protocol';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A call as it was asked for: known, checked, and by whom. */
export interface Asked<B extends object, Q extends object> {
  /** The name of who asks, for the record. */
  readonly by: string;
  readonly body: B;
  readonly query: Q;
  /** A part of the path, as the route names it. */
  param(name: string): string;
}

export interface Answer {
  readonly status?: number;
  readonly body: object;
}

export interface Route {
  readonly method: Method;
  /** Under the path that the API is mounted at. */
  readonly path: string;
  readonly body: DataClass;
  readonly query: DataClass;
  answer(asked: Asked<object, object>): Promise<Answer>;
}

class Nothing {}

export interface Takes<B extends object, Q extends object> {
  body?: DataClass<B>;
  query?: DataClass<Q>;
}

/** One line of the table: what a call takes, and what answers it. */
export function route<B extends object = Nothing, Q extends object = Nothing>(
  method: Method,
  path: string,
  { body, query }: Takes<B, Q>,
  answer: (asked: Asked<B, Q>) => Promise<Answer>,
): Route {
  return {
    method,
    path,
    body: body ?? Nothing,
    query: query ?? Nothing,
    answer: (asked) => answer(asked as Asked<B, Q>),
  };
}
