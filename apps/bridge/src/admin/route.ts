import type { DataClass } from '@drawbridge/protocol';
import { MayPreview } from './requests.js';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** A call as it was asked for: known, checked, and by whom. */
export interface Asked<B extends object, Q extends object> {
  readonly operator: string;
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
  /** Under /admin/v1. */
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

/** One that takes something away: with `?preview=true` it says what it would come to, and does nothing. */
export function previewed<B extends object>(
  method: Method,
  path: string,
  body: DataClass<B>,
  answer: (asked: Asked<B, MayPreview>, preview: boolean) => Promise<Answer>,
): Route {
  return route(method, path, { body, query: MayPreview }, (asked) => answer(asked, asked.query.preview === 'true'));
}
