import type { DataClass } from '@drawbridge/protocol';
import { type Answer, type Asked, type Method, type Route, route } from '../api/route.js';
import { MayPreview } from './requests.js';

/** One that takes something away: with `?preview=true` it says what it would come to, and does nothing. */
export function previewed<B extends object>(
  method: Method,
  path: string,
  body: DataClass<B>,
  answer: (asked: Asked<B, MayPreview>, preview: boolean) => Promise<Answer>,
): Route {
  return route(method, path, { body, query: MayPreview }, (asked) => answer(asked, asked.query.preview === 'true'));
}
