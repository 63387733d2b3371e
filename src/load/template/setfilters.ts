import type { Json } from '../../core/json.ts'
import { identity } from './equality.ts'
import type { Filter } from './filters.ts'
import { operation, required } from './operations.ts'
import { list } from './values.ts'

/** Two lists as sets: each item once, in the order of the lists. */
const onSets = (name: string, keep: (inFirst: boolean, inSecond: boolean) => boolean): Filter =>
  operation('other', (value, [other]) => {
    const [a, b] = [list(value, `'${name}'`), list(required(other, `'${name}'`), `'${name}'`)]
    const [first, second] = [new Map(a.map(withKey)), new Map(b.map(withKey))]
    const all = new Map([...a, ...b].map(withKey))
    return [...all].filter(([key]) => keep(first.has(key), second.has(key))).map(([, item]) => item)
  })

function withKey(item: Json): [string, Json] {
  return [identity(item), item]
}

export const SET_FILTERS: Record<string, Filter> = {
  union: onSets('union', () => true),
  intersect: onSets('intersect', (a, b) => a && b),
  difference: onSets('difference', (a, b) => a && !b),
  symmetric_difference: onSets('symmetric_difference', (a, b) => a !== b),
}
