import { type ComponentChildren, h, isValidElement, type VNode } from 'preact';

/** A text with names, links and code in it, in the order that its language wants them. */
export type Rich = ComponentChildren;

/** Writes one: say`${name(app)} asks to connect`. */
export function say(words: TemplateStringsArray, ...values: Rich[]): Rich {
  return words.flatMap((word, index) => (index < values.length ? [word, values[index]] : [word]));
}

/** What somebody is called, an app or a person: its own direction does not turn the sentence around it. */
export function name(of: string): VNode {
  return h('bdi', null, of);
}

export function strong(text: Rich): VNode {
  return h('strong', null, text);
}

/** What is typed, or read by programs; the stylesheet keeps it from left to right in every language. */
export function code(text: string): VNode {
  return h('code', null, text);
}

/** The texts of the protocol mark names with backticks. */
export function marked(text: string): Rich {
  return text.split('`').map((part, index) => (index % 2 === 1 ? code(part) : part));
}

const [ISOLATE, POP] = ['\u2068', '\u2069'];

/** The same where no elements may be: the title of a tab. A name is isolated there by Unicode's own means (UAX 9). */
export function plain(text: Rich): string {
  if (Array.isArray(text)) return text.map(plain).join('');
  if (isValidElement(text)) {
    const inside = plain((text.props as { children?: Rich }).children);
    return text.type === 'bdi' ? `${ISOLATE}${inside}${POP}` : inside;
  }
  return typeof text === 'string' || typeof text === 'number' ? String(text) : '';
}

/** a, b or c */
export function listed(items: readonly Rich[], or: string): Rich {
  return items.map((item, index) => [index === 0 ? '' : index === items.length - 1 ? ` ${or} ` : ', ', item]);
}
