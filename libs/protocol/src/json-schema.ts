import { getMetadataStorage, ValidationTypes } from 'class-validator';
import { type DataClass, isGiven, nestedClass } from './constraints.js';

type Rule = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

/** JSON Schema, draft 7: what AsyncAPI 3.0 knows. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** The JSON Schema of what `checkData` accepts for a class of commands' data: the same, and nothing more. */
export function schemaOf(type: DataClass, describe: (property: string) => string | undefined = () => undefined) {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const byProperty = Map.groupBy(rules, ({ propertyName }) => propertyName);
  const required = [...byProperty].filter(([, rules]) => isRequired(rules)).map(([property]) => property);
  const properties = [...byProperty].map(([property, rules]) => {
    const nested = nestedClass(type, property);
    const schema: JsonSchema = nested ? schemaOf(nested, describe) : constraintSchema(type, property, rules);
    const description = describe(property);
    return [property, description === undefined ? schema : { ...schema, description }];
  });
  return {
    type: 'object',
    ...(required.length === 0 ? {} : { required: required.sort() }),
    properties: Object.fromEntries(properties),
    additionalProperties: false,
    // What properties have to do with each other.
    ...(type as { rule?: JsonSchema }).rule,
  } as const;
}

function isRequired(rules: readonly Rule[]): boolean {
  const condition = rules.find(({ type }) => type === ValidationTypes.CONDITIONAL_VALIDATION);
  return condition === undefined || condition.constraints[0] === isGiven;
}

function constraintSchema(type: DataClass, property: string, rules: readonly Rule[]): JsonSchema {
  for (const { type, constraints } of rules) {
    if (type === ValidationTypes.CUSTOM_VALIDATION && constraints?.[0]) return constraints[0] as JsonSchema;
  }
  throw new Error(`The constraint of ${type.name}.${property} has no JSON Schema`);
}
