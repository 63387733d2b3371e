import type { Value } from './object.ts'

/**
 * The shape of a value: enough for unknown fields, default values, and merging lists as the API does.
 * A list with `keys` is merged item by item, one that is a `set` value by value, any other is replaced whole.
 */
export type Schema = { fallback?: Value } & (
  | { is: 'string' | 'integer' | 'boolean' | 'any' | 'quantity' | 'int-or-string' }
  | { is: 'object'; fields: Record<string, Schema> }
  | { is: 'map'; of: Schema; atomic?: true }
  | { is: 'list'; of: Schema; keys?: string[]; set?: true; patchKey?: string }
)

export type Fields = Record<string, Schema>

export const string: Schema = { is: 'string' }
export const integer: Schema = { is: 'integer' }
export const boolean: Schema = { is: 'boolean' }
export const quantity: Schema = { is: 'quantity' }
export const intOrString: Schema = { is: 'int-or-string' }
/** Not looked into: no unknown field is found below it, and it is replaced whole. */
export const any: Schema = { is: 'any' }

export const object = (fields: Fields): Schema => ({ is: 'object', fields })
export const map = (of: Schema = string): Schema => ({ is: 'map', of })
export const atomicMap = (of: Schema = string): Schema => ({ is: 'map', of, atomic: true })
/** Replaced whole by an apply; `patchKey` is the merge key of a strategic merge patch where there is one. */
export const list = (of: Schema = string, patchKey?: string): Schema => ({ is: 'list', of, patchKey })
export const setOf = (of: Schema = string): Schema => ({ is: 'list', of, set: true })
export const keyed = (keys: string, fields: Fields): Schema => ({
  is: 'list',
  of: object(fields),
  keys: keys.split(' '),
})
export const or = (schema: Schema, fallback: Value): Schema => ({ ...schema, fallback })

/** Several fields of one type, named in one string. */
export function all(schema: Schema, names: string): Fields {
  return Object.fromEntries(names.split(' ').map((name) => [name, schema]))
}

/** The schema below a field of an object or a map; undefined where the field is unknown. */
export function fieldSchema(schema: Schema, name: string): Schema | undefined {
  if (schema.is === 'object') return schema.fields[name]
  if (schema.is === 'map') return schema.of
  return schema.is === 'any' ? any : undefined
}

/** True when an apply owns and replaces the value as a whole. */
export function isAtomic(schema: Schema): boolean {
  if (schema.is === 'object') return false
  if (schema.is === 'map') return schema.atomic === true
  return schema.is !== 'list' || (schema.keys === undefined && schema.set === undefined)
}

/** Fills in what the object leaves out, in place. */
export function fillDefaults(value: Value, schema: Schema): void {
  if (value === null || typeof value !== 'object') return
  if (schema.is === 'object') return fillFields(value, schema.fields)
  if (schema.is === 'map') for (const item of Object.values(value)) fillDefaults(item, schema.of)
  if (schema.is === 'list' && Array.isArray(value)) for (const item of value) fillDefaults(item, schema.of)
}

function fillFields(value: Value, fields: Fields): void {
  for (const [name, field] of Object.entries(fields)) {
    if (value[name] === undefined && field.fallback !== undefined)
      value[name] = structuredClone(field.fallback)
    if (value[name] !== undefined) fillDefaults(value[name], field)
  }
}

/** Takes away fields that are null or undefined, in place. */
export function dropNulls(value: Value): void {
  if (value === null || typeof value !== 'object') return
  for (const [name, item] of Object.entries(value)) {
    if ((item === null || item === undefined) && !Array.isArray(value)) delete value[name]
    else dropNulls(item)
  }
}

/** Paths of fields the schema doesn't know and values of the wrong type, e.g. `unknown field "spec.x"`. */
export function findMistakes(
  value: Value,
  schema: Schema,
  path = '',
): { unknown: string[]; wrong: string[] } {
  const found = { unknown: [] as string[], wrong: [] as string[] }
  collect(value, schema, path, found)
  return found
}

type Found = ReturnType<typeof findMistakes>

function collect(value: Value, schema: Schema, path: string, found: Found): void {
  if (value === null || value === undefined || schema.is === 'any') return
  if (!fits(value, schema)) {
    found.wrong.push(`${path}: expected ${schema.is}, got ${Array.isArray(value) ? 'list' : typeof value}`)
    return
  }
  if (schema.is === 'list') {
    value.forEach((item: Value, index: number) => collect(item, schema.of, `${path}[${index}]`, found))
  } else if (schema.is === 'map' || schema.is === 'object') {
    for (const [name, item] of Object.entries(value)) {
      const at = path === '' ? name : `${path}.${name}`
      const below = fieldSchema(schema, name)
      if (below === undefined) found.unknown.push(at)
      else collect(item, below, at, found)
    }
  }
}

function fits(value: Value, schema: Schema): boolean {
  switch (schema.is) {
    case 'string':
      return typeof value === 'string'
    case 'integer':
      return Number.isInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'quantity':
    case 'int-or-string':
      return typeof value === 'string' || typeof value === 'number'
    case 'list':
      return Array.isArray(value)
    default:
      return typeof value === 'object' && !Array.isArray(value)
  }
}

/** Takes away the fields the schema doesn't know, in place. */
export function dropUnknown(value: Value, schema: Schema): void {
  if (value === null || typeof value !== 'object' || schema.is === 'any') return
  if (schema.is === 'list') {
    if (Array.isArray(value)) for (const item of value) dropUnknown(item, schema.of)
    return
  }
  for (const [name, item] of Object.entries(value)) {
    const below = fieldSchema(schema, name)
    if (below === undefined) delete value[name]
    else dropUnknown(item, below)
  }
}
