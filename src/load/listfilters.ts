import { isDeepStrictEqual } from 'node:util'
import { didYouMean } from '../base/suggest.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { CONDITIONS } from './conditions.ts'
import { FILTERS, type Filter } from './filters.ts'
import { compare } from './ordering.ts'
import { TemplateError, Undefined } from './templateerror.ts'
import { keyText, list, mapping, memberPath, number, plain, text, textOf, truth } from './values.ts'

const onList =
  (name: string, change: (items: Json[], args: Json[], named: JsonObject) => Json): Filter =>
  (value, args, named) =>
    change(list(value, `the filter '${name}'`), args, named)

export const LIST_FILTERS: Record<string, Filter> = {
  list: onList('list', (items) => items),
  length: (value) => size(value),
  count: (value) => size(value),
  first: onList('first', (items) => item(items, 0, 'first')),
  last: onList('last', (items) => item(items, items.length - 1, 'last')),
  join: onList('join', (items, args, named) =>
    items
      .map((one) => textOf(attribute(one, args[1] ?? named.attribute)))
      .join(text(args[0] ?? named.d ?? '', "'join'")),
  ),
  reverse: (value) =>
    typeof value === 'string' ? Array.from(value).reverse().join('') : list(value, "'reverse'").toReversed(),
  sort: onList('sort', (items, args, named) => sort(items, args, named)),
  unique: onList('unique', (items, _args, named) => unique(items, named.attribute)),
  sum: onList('sum', (items, args, named) =>
    items.reduce<number>(
      (total, one) => total + number(attribute(one, args[0] ?? named.attribute), "'sum'"),
      number(args[1] ?? named.start ?? 0, "'sum'"),
    ),
  ),
  min: onList('min', (items, _args, named) => item(sort(items, [], named), 0, 'min')),
  max: onList('max', (items, _args, named) => item(sort(items, [], named), items.length - 1, 'max')),
  map: onList('map', (items, args, named) => map(items, args, named)),
  select: onList('select', (items, args) => items.filter((one) => holds(one, args))),
  reject: onList('reject', (items, args) => items.filter((one) => !holds(one, args))),
  selectattr: onList('selectattr', (items, args) => items.filter((one) => attributeHolds(one, args))),
  rejectattr: onList('rejectattr', (items, args) => items.filter((one) => !attributeHolds(one, args))),
  groupby: onList('groupby', (items, args, named) => groupBy(items, args[0] ?? named.attribute ?? '')),
  batch: onList('batch', (items, [width = 1]) => batch(items, number(width, "'batch'"))),
  flatten: onList('flatten', (items, args, named) =>
    flatten(items, number(args[0] ?? named.levels ?? 64, "'flatten'")),
  ),
  union: onList('union', (items, [other = []]) => unique([...items, ...list(other, "'union'")], undefined)),
  intersect: onList('intersect', (items, [other = []]) =>
    unique(
      items.filter((one) => has(list(other, "'intersect'"), one)),
      undefined,
    ),
  ),
  difference: onList('difference', (items, [other = []]) =>
    unique(
      items.filter((one) => !has(list(other, "'difference'"), one)),
      undefined,
    ),
  ),
  zip: onList('zip', (items, others) => {
    const lists = [items, ...others.map((other) => list(other, "'zip'"))]
    return Array.from({ length: Math.min(...lists.map((one) => one.length)) }, (_, index) =>
      lists.map((one) => one[index] as Json),
    )
  }),
  extract: (value, [container = null]) => plain(memberPath(container, value)),
}

function size(value: Json): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  return Object.keys(mapping(value, "'length'")).length
}

function item(items: Json[], index: number, name: string): Json {
  const found = items[index]
  if (found === undefined)
    throw new TemplateError(`'${name}' of an empty list`, "use | default(...) before it, or 'when'")
  return found
}

function attribute(value: Json, path: Json | undefined): Json {
  return path === undefined ? value : plain(memberPath(value, path))
}

function has(items: Json[], wanted: Json): boolean {
  return items.some((one) => isDeepStrictEqual(one, wanted))
}

function sort(items: Json[], args: Json[], named: JsonObject): Json[] {
  const fold = (value: Json): Json =>
    typeof value === 'string' && (args[1] ?? named.case_sensitive) !== true ? value.toLowerCase() : value
  const key = (value: Json): Json => fold(attribute(value, named.attribute))
  const sorted = items.toSorted((a, b) => compare(key(a), key(b)))
  return (args[0] ?? named.reverse) === true ? sorted.reverse() : sorted
}

function unique(items: Json[], path: Json | undefined): Json[] {
  const seen: Json[] = []
  return items.filter((one) => {
    const key = attribute(one, path)
    if (has(seen, key)) return false
    seen.push(key)
    return true
  })
}

function map(items: Json[], args: Json[], named: JsonObject): Json[] {
  const path = named.attribute
  if (path !== undefined) {
    return items.map((one) => {
      const found = memberPath(one, path)
      return found instanceof Undefined && named.default !== undefined ? named.default : plain(found)
    })
  }
  const [name, ...rest] = args
  const filter = lookUp(FILTERS, name, 'filter')
  return items.map((one) => filter(one, rest, named))
}

function holds(value: Json, [name, ...args]: Json[]): boolean {
  return name === undefined ? truth(value) : lookUp(CONDITIONS, name, 'test')(value, ...args)
}

function attributeHolds(value: Json, [path, name, ...args]: Json[]): boolean {
  if (path === undefined)
    throw new TemplateError("'selectattr' and 'rejectattr' want the name of an attribute")
  const found = memberPath(value, path)
  if (name === 'defined') return !(found instanceof Undefined)
  if (name === 'undefined') return found instanceof Undefined
  if (name === undefined && found instanceof Undefined) return false
  return holds(plain(found), name === undefined ? [] : [name, ...args])
}

const SYMBOLS = new Map([
  ['==', 'eq'],
  ['!=', 'ne'],
  ['<', 'lt'],
  ['<=', 'le'],
  ['>', 'gt'],
  ['>=', 'ge'],
])

function lookUp<T>(known: Record<string, T>, name: Json | undefined, kind: string): T {
  const wanted = SYMBOLS.get(keyText(name ?? '')) ?? keyText(name ?? '')
  if (Object.hasOwn(known, wanted)) return known[wanted] as T
  throw new TemplateError(`there is no ${kind} '${wanted}'`, didYouMean(wanted, Object.keys(known)))
}

function groupBy(items: Json[], path: Json): Json[] {
  const keys = unique(
    sort(items, [], { attribute: path }).map((one) => attribute(one, path)),
    undefined,
  )
  return keys.map((key) => [key, items.filter((one) => isDeepStrictEqual(attribute(one, path), key))])
}

function batch(items: Json[], width: number): Json[] {
  if (width < 1) throw new TemplateError("'batch' wants a number from 1 up")
  return Array.from({ length: Math.ceil(items.length / width) }, (_, index) =>
    items.slice(index * width, (index + 1) * width),
  )
}

function flatten(items: Json[], levels: number): Json[] {
  return items.flatMap((one) => (Array.isArray(one) && levels > 0 ? flatten(one, levels - 1) : [one]))
}
