import type { Schema } from '../check/schemas.ts'
import { typeText, valueText } from './schemawords.ts'

/** A JSON Schema of draft-07, with the additions that editors take: errorMessage, markdownDescription. */
export interface EditorSchema {
  [keyword: string]: unknown
}

/** A text with something to evaluate in it; stands for a value of any type. */
const TEMPLATE: EditorSchema = { type: 'string', pattern: '\\{[{%#]' }

export function ref(definition: string): EditorSchema {
  return { $ref: `#/definitions/${definition}` }
}

/** The value itself, or a template that gives it. */
export function orTemplate(schema: EditorSchema): EditorSchema {
  const { description, ...value } = schema
  const alternatives = (value.anyOf as EditorSchema[] | undefined) ?? [value]
  return { ...(description === undefined ? {} : { description }), anyOf: [...alternatives, TEMPLATE] }
}

/** The arguments of a task as an editor checks and completes them: required ones first. */
export function argumentsSchema(schema: Schema): EditorSchema {
  const { properties = {}, required = [], dependentRequired, ...others } = schema as Schema & EditorSchema
  const names = [...required, ...Object.keys(properties).filter((key) => !required.includes(key))]
  return {
    ...others,
    ...(dependentRequired === undefined ? {} : { dependencies: dependentRequired }),
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(names.map((key) => [key, valueSchema(properties[key] as Schema)])),
  }
}

function valueSchema(schema: Schema): EditorSchema {
  const { default: given, ...value } = inner(schema)
  if (schema.description !== undefined) value.description = `${schema.description}${defaultText(schema)}`
  // Editors write the defaults of a mapping's values into the file; those of an alternative they only offer.
  return takesAnyText(schema) ? value : orTemplate(given === undefined ? value : { ...value, default: given })
}

function defaultText(schema: Schema): string {
  return schema.default === undefined ? '' : ` Default: ${valueText(schema.default)}.`
}

function takesAnyText(schema: Schema): boolean {
  if (schema.anyOf !== undefined) return schema.anyOf.some(takesAnyText)
  if (schema.enum !== undefined || schema.const !== undefined || schema.pattern !== undefined) return false
  return schema.type === undefined || schema.type === 'string'
}

/** The same value with templates allowed inside of it, and nothing in it that only the loader knows. */
function inner(schema: Schema): EditorSchema {
  if (schema.properties !== undefined) return argumentsSchema(schema)
  const { format: _, default: given, items, anyOf, additionalProperties, ...others } = schema
  const value: EditorSchema = { ...others }
  if (anyOf !== undefined) value.anyOf = anyOf.map(inner)
  else if (schema.enum === undefined) value.errorMessage = `must be: ${typeText(schema)}`
  if (schema.pattern !== undefined && schema.description !== undefined)
    value.patternErrorMessage = schema.description
  if (given !== undefined) value.default = given
  if (items !== undefined) value.items = valueSchema(items)
  if (additionalProperties !== undefined)
    value.additionalProperties =
      typeof additionalProperties === 'object' ? valueSchema(additionalProperties) : additionalProperties
  return value
}
