import type { Json } from '../../core/json.ts'
import { isMapping } from './values.ts'

/** Python's `==` of plain data: by value, whatever made it. */
export function equal(a: Json, b: Json): boolean {
  if (a === b) return true
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((one, at) => equal(one, b[at] as Json))
  if (!isMapping(a) || !isMapping(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equal(a[key] as Json, b[key] as Json))
  )
}

/** A text that equal values share, and others do not. */
export function identity(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(identity).join()}]`
  if (!isMapping(value)) return JSON.stringify(value)
  const pairs = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${identity(value[key] as Json)}`)
  return `{${pairs.join()}}`
}
