import { didYouMean } from '../../base/suggest.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { LATE } from '../../core/late.ts'
import { lateMember } from '../check/lateshapes.ts'
import { TemplateError, Undefined } from './templateerror.ts'

/** Looked into one key at a time; never a value by itself. */
export interface Lookup {
  get(key: string): Value
  keys(): string[]
}
export type Value = Json | Undefined | Lookup

export function isLookup(value: Value): value is Lookup {
  return typeof value === 'object' && value !== null && 'get' in value && typeof value.get === 'function'
}

export function isMapping(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value, which must exist and be plain data. */
export function plain(value: Value): Json {
  if (value instanceof Undefined) throw new TemplateError(value.message, value.hint, value.at)
  // Data is never a function; should one ever slip in, it must not get any further.
  if (isLookup(value) || typeof value === 'function')
    throw new TemplateError(
      'this can only be looked into',
      "e.g. hosts.NAME.VARIABLE, or for several hosts: NAMES | map('extract', hosts, 'VARIABLE')",
    )
  return value
}

/** Python's idea of truth. */
export function truth(value: Json): boolean {
  if (Array.isArray(value)) return value.length > 0
  return isMapping(value) ? Object.keys(value).length > 0 : Boolean(value)
}

/** A key of a mapping or an index of a list; own data only, so that no way leads to JavaScript's objects. */
export function member(value: Value, key: Json): Value {
  // What is inside of something undefined is undefined, too: | default may follow.
  if (value instanceof Undefined) return value
  if (typeof value === 'string' && value.includes(LATE)) return memberOfLate(value, key)
  if (typeof key === 'string' && key.includes(LATE)) return LATE
  if (isLookup(value)) return value.get(keyText(key))
  if (Array.isArray(value) || typeof value === 'string') {
    const index = indexOf(value, keyText(key))
    if (index === undefined)
      return new Undefined(`${describe(value)} has no '${keyText(key)}'`, methodHint(key))
    return (
      value.at(index) ?? new Undefined(`${describe(value)} has no item ${index}`, `it has ${value.length}`)
    )
  }
  if (isMapping(value) && Object.hasOwn(value, keyText(key))) return value[keyText(key)] as Json
  const lines = isMapping(value) ? linesOf(value, keyText(key)) : undefined
  if (lines !== undefined) return lines
  if (isMapping(value))
    return new Undefined(`there is no '${keyText(key)}'`, memberHint(keyText(key), Object.keys(value)))
  return new Undefined(`${describe(value)} has no '${keyText(key)}'`)
}

/** What Jinja calls the two of a pair that groupby gives. */
const PAIR: Record<string, number> = { grouper: 0, list: 1 }

function indexOf(value: Json[] | string, key: string): number | undefined {
  if (/^-?\d+$/.test(key)) return Number(key)
  return Array.isArray(value) && value.length === 2 && Object.hasOwn(PAIR, key) ? PAIR[key] : undefined
}

/** `stdout_lines` and `stderr_lines` of what has printed text, as Ansible calls its lines. */
function linesOf(value: JsonObject, key: string): Json | undefined {
  const [, stream] = /^(stdout|stderr)_lines$/.exec(key) ?? []
  const printed = stream === undefined ? undefined : value[stream]
  if (typeof printed !== 'string') return undefined
  if (printed.includes(LATE)) return LATE
  return printed === '' ? [] : printed.split(/\r?\n/)
}

function memberOfLate(value: string, key: Json): Value {
  const found = lateMember(value, keyText(key))
  if (typeof found === 'string') return found
  const hint = found.known.length === 0 ? undefined : memberHint(keyText(key), found.known)
  return new Undefined(`${found.of} has no '${keyText(key)}'`, found.hint ?? hint)
}

function methodHint(key: Json): string {
  return `use a filter: x | ${keyText(key)}`
}

/** A near name; many names are no help, so they are not listed. */
export function memberHint(name: string, known: string[]): string | undefined {
  const hint = didYouMean(name, known)
  return hint.startsWith('did') || known.length <= 12 ? hint : undefined
}

/** A value used as a key, a name or a pattern. */
export function keyText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Follows `a.b.0`, as the `attribute` of filters does. */
export function memberPath(value: Value, path: Json): Value {
  if (typeof path === 'number') return member(value, path)
  return keyText(path)
    .split('.')
    .reduce<Value>((inner, key) => member(inner, key), value)
}

/** The kind of a value in words, for messages. */
export function describe(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'string') return 'text'
  return typeof value === 'number' ? 'a number' : 'a boolean'
}

/** A value as part of a text. */
export function textOf(value: Json): string {
  if (typeof value === 'string') return value
  if (value === null)
    throw new TemplateError("null can't be put into text", "use | default('', true) where it may be empty")
  return JSON.stringify(value)
}

export function text(value: Json, what: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new TemplateError(`${what} wants text, not ${describe(value)}`)
}

export function list(value: Json, what: string): Json[] {
  if (Array.isArray(value)) return value
  if (isMapping(value)) return Object.keys(value)
  if (typeof value === 'string') return Array.from(value)
  throw new TemplateError(`${what} wants a list, not ${describe(value)}`)
}

export function mapping(value: Json, what: string): JsonObject {
  if (isMapping(value)) return value
  throw new TemplateError(`${what} wants a mapping, not ${describe(value)}`)
}

export function number(value: Json, what: string): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  const hint = typeof value === 'string' ? 'convert it with | int or | float' : undefined
  throw new TemplateError(`${what} wants a number, not ${describe(value)}`, hint)
}
