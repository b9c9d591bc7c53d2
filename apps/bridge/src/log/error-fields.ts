const MAX_DEPTH = 3;
const WITHHELD = '(withheld: it may quote what somebody wrote)';

/** What a line says of an error: fields that are known to hold nothing of anybody's. */
export interface ErrorFields {
  readonly type: string;
  readonly message: string;
  /** Of Node or the database, such as ECONNREFUSED or 23505. */
  readonly code?: string;
  /** The frames, without the message. */
  readonly stack?: string;
  readonly cause?: ErrorFields;
}

/**
 * An error for the log. Its own properties are left out, because the database's carry whole rows (`detail`, `where`) and
 * the embedded one's the statement with its parameters; so is a message that may quote a value.
 */
export function errorFields(error: unknown, depth = 1): ErrorFields {
  if (!(error instanceof Error)) return { type: error === null ? 'null' : typeof error, message: 'not an Error' };
  const { code } = error as { code?: unknown };
  const stack = framesOf(error.stack);
  return {
    type: error.constructor.name,
    message: mayQuote(error, code) ? WITHHELD : error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    ...(stack ? { stack } : {}),
    ...(error.cause === undefined || depth === MAX_DEPTH ? {} : { cause: errorFields(error.cause, depth + 1) }),
  };
}

/** A stack without the message that stands before it. */
export function framesOf(stack: string | undefined): string | undefined {
  return stack?.match(/^ {4}at .+$/gm)?.join('\n');
}

/**
 * V8 quotes the JSON it could not read, Node the argument it did not like, PostgreSQL the value that does not fit (class
 * 22); of a broken constraint it quotes the row in `detail` alone.
 */
function mayQuote(error: Error, code: unknown): boolean {
  return error instanceof SyntaxError || (typeof code === 'string' && /^22...$|^ERR_INVALID_ARG/.test(code));
}
