import type { Json } from '../../core/json.ts'
import { TemplateError } from './templateerror.ts'
import { describe } from './values.ts'

/** Orders two values of the same kind; below 0 when the first comes first. */
export function compare(a: Json, b: Json): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a, b)
  const hint =
    typeof a === 'string' || typeof b === 'string' ? 'convert the text with | int or | float' : undefined
  throw new TemplateError(`${describe(a)} can't be compared with ${describe(b)}`, hint)
}

function compareLists(a: Json[], b: Json[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const order = compare(a[index] as Json, b[index] as Json)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Orders versions piece by piece: numbers as numbers, so that 1.10 and +k3s10 come after 1.9 and +k3s9. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [pieces(a), pieces(b)]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [one, other] = [left[index] ?? '0', right[index] ?? '0']
    if (one === other) continue
    const numeric = /^\d+$/.test(one) && /^\d+$/.test(other)
    const order = numeric ? Number(one) - Number(other) : one < other ? -1 : 1
    if (order !== 0) return Math.sign(order)
  }
  return 0
}

function pieces(version: string): string[] {
  return version.replace(/^v(?=\d)/, '').match(/\d+|[A-Za-z]+/g) ?? []
}
