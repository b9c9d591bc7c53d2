/** What is used of JSON Schema, draft 7, which is what AsyncAPI 3.0 has. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema | boolean>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

export interface Example {
  readonly summary: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A command, as `/asyncapi.json` has it. */
export interface Command {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly scope?: string;
  /** Of its `data`. */
  readonly schema: Schema;
  readonly examples: readonly Example[];
}

interface MessageObject {
  readonly title?: string;
  readonly description?: string;
  readonly tags?: readonly { readonly name: string }[];
  readonly payload: Schema;
  readonly examples?: readonly { readonly summary: string; readonly payload: { readonly data?: object } }[];
  readonly 'x-scope'?: string;
}

/** `/asyncapi.json`, as far as the console reads it. */
export interface AsyncApi {
  readonly components: {
    readonly messages: Readonly<Record<string, MessageObject>>;
    readonly schemas: Readonly<Record<string, unknown>>;
  };
}

/** The protocol as the bridge describes it: every form and every check is made from this and from nothing else. */
export class ProtocolDocument {
  readonly commands: readonly Command[];
  readonly #payloads = new Map<string, Schema>();
  readonly #messages: AsyncApi['components']['messages'];

  constructor(private readonly document: AsyncApi) {
    this.#messages = document.components.messages;
    this.commands = Object.entries(this.#messages)
      .filter(([, { tags }]) => tags?.some(({ name }) => name === 'command'))
      .map(([name, { title = name, description = '', 'x-scope': scope, examples = [] }]) => ({
        name,
        title,
        description,
        ...(scope === undefined ? {} : { scope }),
        schema: (this.payload(name)?.properties?.data ?? {}) as Schema,
        examples: examples.map(({ summary, payload }) => ({ summary, data: { ...payload.data } })),
      }));
  }

  command(name: string): Command | undefined {
    return this.commands.find((command) => command.name === name);
  }

  /** Whether it is something the bridge sends by itself. */
  isEvent(name: string): boolean {
    return this.#messages[name]?.tags?.some((tag) => tag.name.endsWith(' event')) ?? false;
  }

  /** The schema of a whole frame, by the message's name, such as `message.send.ok`; with no `$ref` left in it. */
  payload(name: string): Schema | undefined {
    const known = this.#payloads.get(name);
    if (known || !Object.hasOwn(this.#messages, name)) return known;
    const whole = resolved(this.#messages[name]!.payload, this.document, { nodes: 0 }) as Schema;
    this.#payloads.set(name, whole);
    return whole;
  }
}

export async function loadDocument(publicUrl: string): Promise<ProtocolDocument> {
  const response = await fetch(`${publicUrl}/asyncapi.json`);
  if (!response.ok) throw new Error(`The bridge did not describe its protocol: HTTP ${response.status}.`);
  return new ProtocolDocument(await response.json());
}

/** What is nested deeper refers to itself, and no schema of the protocol does. */
const MAX_DEPTH = 32;
/** What has more parts refers to the same again and again, which doubles it with each step. The largest of the protocol has a few hundred. */
const MAX_NODES = 50_000;

function resolved(schema: unknown, document: AsyncApi, size: { nodes: number }, depth = 0): unknown {
  if (++size.nodes > MAX_NODES) throw new Error('A schema of /asyncapi.json is too large.');
  if (depth > MAX_DEPTH) throw new Error('A schema of /asyncapi.json is nested too deeply.');
  if (Array.isArray(schema)) return schema.map((each) => resolved(each, document, size, depth + 1));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref } = schema as { $ref?: unknown };
  if (typeof $ref === 'string') return resolved(target($ref, document), document, size, depth + 1);
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [name, resolved(value, document, size, depth + 1)]),
  );
}

/** RFC 6901, within the document. */
function target(ref: string, document: AsyncApi): unknown {
  let found: unknown = document;
  for (const step of ref.replace(/^#\//, '').split('/')) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    found = (found as Record<string, unknown> | undefined)?.[name];
  }
  if (found === undefined) throw new Error(`/asyncapi.json has no ${ref}.`);
  return found;
}
