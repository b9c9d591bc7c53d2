import type { Texts } from './en.js';
import type { Rich } from './rich.js';

/** Something to say, before it is known in which language. */
export type Said = (texts: Texts) => Rich;
