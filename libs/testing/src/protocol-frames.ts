import { asyncApiDocument, COMMANDS, errorsOf, isEmoji, type JsonSchema } from '@drawbridge/protocol';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';

/** What a frame must look like to be valid, beside its data. */
interface Frame {
  readonly event: string;
  readonly data?: unknown;
}

/**
 * Judges frames by `/asyncapi.json`. Of what the bridge sends nothing may be there that the document does not name:
 * clients pass over it, but here it would be a property that was forgotten in the one place or the other.
 */
export class ProtocolFrames {
  readonly #ajv = new Ajv({ strict: false, validateSchema: false, formats: FORMATS });
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #names: ReadonlySet<string>;

  constructor(document: JsonSchema = asyncApiDocument('https://bridge.example')) {
    const { components } = document as { components: { messages: Record<string, object> } };
    this.#names = new Set(Object.keys(components.messages));
    this.#ajv.addSchema({ $id: 'asyncapi.json', components: closed(components) });
  }

  /** What is wrong with a command; undefined when it is as the document says. */
  problemOfCommand(frame: Frame): string | undefined {
    return Object.hasOwn(COMMANDS, frame.event) ? this.#problem(frame.event, frame) : `${frame.event} is no command`;
  }

  /** What is wrong with what a command was answered with. */
  problemOfReply(command: string, frame: Frame): string | undefined {
    if (frame.event === 'ok') return this.#problem(`${command}.ok`, frame);
    const { code } = frame.data as { code: never };
    const codes: readonly string[] = Object.hasOwn(COMMANDS, command)
      ? errorsOf(COMMANDS[command]!)
      : ['not_open', 'unknown_event'];
    if (frame.event !== 'error' || !codes.includes(code))
      return `${command} is not answered with ${frame.event} ${code}`;
    return this.#problem(`error.${code}`, frame);
  }

  /** What is wrong with what the bridge sent without being asked. */
  problemOfEvent(frame: Frame): string | undefined {
    if (Object.hasOwn(COMMANDS, frame.event) || frame.event === 'ok') return `${frame.event} is no event`;
    return this.#problem(frame.event === 'error' ? 'error.bad_frame' : frame.event, frame);
  }

  #problem(name: string, frame: Frame): string | undefined {
    if (!this.#names.has(name)) return `${name} is not in the document`;
    let validate = this.#validators.get(name);
    if (!validate) {
      validate = this.#ajv.compile({ $ref: `asyncapi.json#/components/messages/${name}/payload` });
      this.#validators.set(name, validate);
    }
    return validate(frame) ? undefined : `${name}: ${(validate.errors ?? []).map(told).join('; ')}`;
  }
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

const FORMATS = {
  emoji: isEmoji,
  uri: (value: string) => URL.canParse(value),
  uuid: UUID,
  'date-time': (value: string) => !Number.isNaN(Date.parse(value)),
};

function told({ instancePath, message, params }: ErrorObject): string {
  return `${instancePath} ${message} ${JSON.stringify(params)}`;
}

/** The same with every object closed. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([name, value]) => [name, closed(value)]);
  const isOpen = 'type' in schema && schema.type === 'object' && 'properties' in schema;
  return { ...(isOpen ? { additionalProperties: false } : {}), ...Object.fromEntries(entries) };
}
