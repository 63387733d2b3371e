import { equal, type Value } from './object.ts'
import { any, fieldSchema, isAtomic, type Schema } from './schema.ts'

/**
 * A set of fields as managedFields knows them. A path is a list of elements, each `f:NAME`, `k:KEYS` or `v:VALUE`,
 * joined by a character that occurs in none.
 */
export type FieldSet = Set<string>

const glue = '\u0000'
const join = (path: string, element: string) => (path === '' ? element : `${path}${glue}${element}`)

/** The element that names a list's item. */
export function itemElement(item: Value, schema: Schema & { is: 'list' }): string {
  if (schema.keys === undefined) return `v:${JSON.stringify(item)}`
  const fields = schema.of.is === 'object' ? schema.of.fields : {}
  const keys = schema.keys.map((key) => [key, item?.[key] ?? fields[key]?.fallback])
  return `k:${JSON.stringify(Object.fromEntries(keys.filter(([, value]) => value !== undefined)))}`
}

/** All leaves of a value, and the items of its merged lists. */
export function fieldsOf(value: Value, schema: Schema, path = '', found: FieldSet = new Set()): FieldSet {
  const isLeaf =
    value === null || typeof value !== 'object' || isAtomic(schema) || Object.keys(value).length === 0
  if (isLeaf) {
    if (path !== '') found.add(path)
    return found
  }
  if (schema.is === 'list') {
    for (const item of value) {
      const at = join(path, itemElement(item, schema))
      found.add(at)
      if (schema.keys !== undefined) fieldsOf(item, schema.of, at, found)
    }
    return found
  }
  for (const [name, item] of Object.entries(value)) {
    fieldsOf(item, fieldSchema(schema, name) ?? any, join(path, `f:${name}`), found)
  }
  return found
}

/** What stands at a path, or undefined. */
export function valueAt(value: Value, schema: Schema, path: string): Value {
  let at = value
  let shape: Schema = schema
  for (const element of path.split(glue)) {
    if (at === null || typeof at !== 'object') return undefined
    ;[at, shape] = step(at, shape, element)
  }
  return at
}

function step(value: Value, schema: Schema, element: string): [Value, Schema] {
  if (element.startsWith('f:')) return [value[element.slice(2)], fieldSchema(schema, element.slice(2)) ?? any]
  if (schema.is !== 'list' || !Array.isArray(value)) return [undefined, any]
  return [value.find((item) => itemElement(item, schema) === element), schema.of]
}

/** Takes the field or item at a path away, and the maps above it that this empties. In place. */
export function removeAt(value: Value, schema: Schema, path: string): void {
  removeStep(value, schema, path.split(glue))
}

function removeStep(value: Value, schema: Schema, [element = '', ...rest]: string[]): void {
  if (value === null || typeof value !== 'object') return
  const [below, shape] = step(value, schema, element)
  if (below === undefined) return
  if (rest.length > 0) {
    removeStep(below, shape, rest)
    if (!element.startsWith('f:') || Object.keys(below).length > 0) return
  }
  if (element.startsWith('f:')) delete value[element.slice(2)]
  else value.splice(value.indexOf(below), 1)
}

/** True when the path or anything below it is in the set. */
export function covers(fields: FieldSet, path: string): boolean {
  if (fields.has(path)) return true
  const prefix = path + glue
  for (const field of fields) if (field.startsWith(prefix)) return true
  return false
}

/** Fields of `after` that are new or differ, and fields of `before` that are gone. */
export function compare(
  before: Value,
  after: Value,
  schema: Schema,
): { changed: FieldSet; removed: FieldSet } {
  const old = fieldsOf(before, schema)
  const fresh = fieldsOf(after, schema)
  const isItem = (path: string) => /^[kv]:/.test(path.split(glue).at(-1) ?? '')
  const differs = (path: string) =>
    !old.has(path) || (!isItem(path) && !equal(valueAt(before, schema, path), valueAt(after, schema, path)))
  return {
    changed: new Set([...fresh].filter(differs)),
    removed: new Set([...old].filter((path) => !fresh.has(path))),
  }
}

/** As managedFields writes a set: nested objects, `.` for a node that is in the set and has children. */
export function encode(fields: FieldSet): Value {
  const root: Value = {}
  for (const path of [...fields].sort()) {
    let at = root
    for (const element of path.split(glue)) at = at[element] ??= {}
    at['.'] = {}
  }
  return trim(root)
}

function trim(node: Value): Value {
  const names = Object.keys(node).filter((name) => name !== '.')
  if (names.length === 0) return {}
  const kept = Object.fromEntries(names.map((name) => [name, trim(node[name])]))
  return node['.'] === undefined ? kept : { '.': {}, ...kept }
}

export function decode(node: Value, path = '', found: FieldSet = new Set()): FieldSet {
  const names = Object.keys(node ?? {})
  if (path !== '' && (names.length === 0 || names.includes('.'))) found.add(path)
  for (const name of names) if (name !== '.') decode(node[name], join(path, name), found)
  return found
}

/** As the API names a field in a message: `.spec.template.spec.containers[name="web"].image`. */
export function describe(path: string): string {
  return path
    .split(glue)
    .map((element) => {
      if (element.startsWith('f:')) return `.${element.slice(2)}`
      if (element.startsWith('v:')) return `[=${element.slice(2)}]`
      const keys = Object.entries(JSON.parse(element.slice(2)) as Record<string, Value>)
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`
    })
    .join('')
}
