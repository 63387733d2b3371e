import type { Json, JsonObject } from '../../core/json.ts'
import { isMapping } from '../template/values.ts'
import { pointerKey } from '../yaml/plaindata.ts'

/** The parts of a JSON Schema that are walked here. */
export interface Schema {
  type?: string | readonly string[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  default?: Json
  enum?: Json[]
  const?: Json
  format?: string
  pattern?: string
  minimum?: number
  maximum?: number
  description?: string
}

/** The value with the schema's defaults filled in, at every depth; the value itself is left as it is. */
export function withDefaults(schema: Schema, value: Json): Json {
  if (Array.isArray(value))
    return schema.items === undefined
      ? value
      : value.map((item) => withDefaults(schema.items as Schema, item))
  if (!isMapping(value) || schema.properties === undefined) return value
  const result: JsonObject = { ...value }
  for (const [key, property] of Object.entries(schema.properties)) {
    const given = result[key]
    if (given !== undefined) result[key] = withDefaults(property, given)
    else if (property.default !== undefined) result[key] = property.default
  }
  return result
}

const formatted = new WeakMap<Schema, boolean>()

/** Whether any value described by the schema has a format. */
export function hasFormats(schema: Schema): boolean {
  const known = formatted.get(schema) ?? JSON.stringify(schema).includes('"format":')
  formatted.set(schema, known)
  return known
}

export type Convert = (format: string, value: string, pointer: string) => unknown

/** The value with every text that has a format replaced by what `convert` makes of it. */
export function convertFormats(schema: Schema, value: unknown, convert: Convert, pointer = ''): unknown {
  if (typeof value === 'string') {
    const formats = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(
      (one) => one.format ?? [],
    )
    return formats.reduce<unknown>(
      (now, format) => (typeof now === 'string' ? convert(format, now, pointer) : now),
      value,
    )
  }
  const inner = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]
  if (Array.isArray(value)) {
    const items = inner.find((one) => one.items !== undefined)?.items
    return items === undefined
      ? value
      : value.map((item, index) => convertFormats(items, item, convert, `${pointer}/${index}`))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const property = propertyOf(inner, key)
      const at = `${pointer}/${pointerKey(key)}`
      return [key, property === undefined ? item : convertFormats(property, item, convert, at)]
    }),
  )
}

function propertyOf(schemas: Schema[], key: string): Schema | undefined {
  for (const { properties, additionalProperties } of schemas) {
    if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key]
    if (typeof additionalProperties === 'object') return additionalProperties
  }
  return undefined
}

/** The schema at a JSON pointer into the arguments. */
export function schemaAt(schema: Schema, pointer: string): Schema | undefined {
  let found: Schema | undefined = schema
  for (const part of pointer.split('/').slice(1)) {
    const alternatives: Schema[] =
      found === undefined ? [] : [found, ...(found.anyOf ?? []), ...(found.oneOf ?? [])]
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    found = propertyOf(alternatives, key) ?? alternatives.find((one) => one.items !== undefined)?.items
  }
  return found
}
