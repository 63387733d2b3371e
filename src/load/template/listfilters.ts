import type { Json, JsonObject } from '../../core/json.ts'
import { requireRoom } from './budget.ts'
import { identity } from './equality.ts'
import type { Filter } from './filters.ts'
import { type Args, operation, required } from './operations.ts'
import { compare } from './ordering.ts'
import { TemplateError, Undefined } from './templateerror.ts'
import { keyText, list, mapping, memberPath, number, plain, text, textOf, type Value } from './values.ts'

const onList = (name: string, takes: string, change: (items: Json[], args: Args) => Value): Filter =>
  operation(takes, (value, args) => change(list(value, `the filter '${name}'`), args))

export const LIST_FILTERS: Record<string, Filter> = {
  list: onList('list', '', (items) => items),
  length: operation('', (value) => size(value)),
  count: operation('', (value) => size(value)),
  first: onList('first', '', (items) => item(items, 0, 'first')),
  last: onList('last', '', (items) => item(items, items.length - 1, 'last')),
  join: onList('join', 'd attribute', (items, [separator = '', path]) =>
    items.map((one) => textOf(attribute(one, path))).join(text(separator, "'join'")),
  ),
  reverse: operation('', (value) =>
    typeof value === 'string' ? Array.from(value).reverse().join('') : list(value, "'reverse'").toReversed(),
  ),
  sort: onList('sort', 'reverse case_sensitive attribute', (items, [reverse, caseSensitive, path]) =>
    sorted(items, path, caseSensitive === true, reverse === true),
  ),
  unique: onList('unique', 'case_sensitive attribute', (items, [caseSensitive, path]) =>
    unique(items, path, caseSensitive === false),
  ),
  sum: onList('sum', 'attribute start', (items, [path, start = 0]) =>
    items.reduce<number>(
      (total, one) => total + number(attribute(one, path), "'sum'"),
      number(start, "'sum'"),
    ),
  ),
  min: onList('min', 'case_sensitive attribute', (items, [caseSensitive, path]) =>
    item(sorted(items, path, caseSensitive === true, false), 0, 'min'),
  ),
  max: onList('max', 'case_sensitive attribute', (items, [caseSensitive, path]) =>
    item(sorted(items, path, caseSensitive === true, false), items.length - 1, 'max'),
  ),
  groupby: onList('groupby', 'attribute default case_sensitive', (items, [path, otherwise]) =>
    groupBy(items, required(path, "'groupby'"), otherwise),
  ),
  batch: onList('batch', 'linecount fill_with', (items, [width = 1, fill]) =>
    batch(items, count(width, "'batch'"), fill),
  ),
  slice: onList('slice', 'slices fill_with', (items, [slices = 1, fill]) =>
    columns(items, count(slices, "'slice'"), fill),
  ),
  flatten: onList('flatten', 'levels skip_nulls', (items, [levels, skip = true]) => {
    const flat = flatten(items, number(levels ?? 64, "'flatten'"))
    return skip === false ? flat : flat.filter((one) => one !== null)
  }),
  zip: onList('zip', '*', (items, others) =>
    zip([items, ...others.map((other) => list(other ?? [], "'zip'"))]),
  ),
  zip_longest: operation('* **', (value, others, { fillvalue = null }) =>
    zip(
      [value, ...others].map((one) => list(one ?? [], "'zip_longest'")),
      fillvalue,
    ),
  ),
  product: onList('product', '*', (items, others) =>
    product([items, ...others.map((other) => list(other ?? [], "'product'"))]),
  ),
  subelements: onList('subelements', 'subelements skip_missing', (items, [path, skip]) =>
    subelements(items, required(path, "'subelements'"), skip),
  ),
  dictsort: operation('case_sensitive by reverse', (value, [caseSensitive, by = 'key', reverse]) =>
    sorted(
      Object.entries(mapping(value, "'dictsort'")),
      by === 'value' ? 1 : 0,
      caseSensitive === true,
      reverse === true,
    ),
  ),
  extract: operation('container morekeys', (value, [container = null, more = []]) =>
    [more].flat().reduce<Value>((inner, key) => memberPath(inner, key), memberPath(container, value)),
  ),
}

function size(value: Json): number {
  if (typeof value === 'string') return Array.from(value).length
  return Array.isArray(value) ? value.length : Object.keys(mapping(value, "'length'")).length
}

/** Of an empty list undefined, as in Jinja, so that `default` may follow. */
function item(items: Json[], index: number, name: string): Value {
  return (
    items[index] ??
    (items.length > 0
      ? null
      : new Undefined(`'${name}' of an empty list`, "use | default(...) behind it, or 'when'"))
  )
}

function count(value: Json, what: string): number {
  const width = number(value, what)
  if (!Number.isInteger(width) || width < 1) throw new TemplateError(`${what} wants a whole number from 1 up`)
  return width
}

export function attribute(value: Json, path: Json | undefined): Json {
  return path === undefined || path === null ? value : plain(memberPath(value, path))
}

function folded(value: Json): Json {
  return typeof value === 'string' ? value.toLowerCase() : value
}

/** `attribute` may name several, with commas between them. */
function sorted(items: Json[], path: Json | undefined, caseSensitive: boolean, reverse: boolean): Json[] {
  const paths = typeof path === 'string' ? path.split(',').map((one) => one.trim()) : [path]
  const keyed = items.map((one) => ({
    one,
    keys: paths.map((each) => (caseSensitive ? attribute(one, each) : folded(attribute(one, each)))),
  }))
  const way = reverse ? -1 : 1
  return keyed.toSorted((a, b) => way * compare(a.keys, b.keys)).map(({ one }) => one)
}

function unique(items: Json[], path: Json | undefined, fold: boolean): Json[] {
  const seen = new Set<string>()
  return items.filter((one) => {
    const key = attribute(one, path)
    const id = identity(fold ? folded(key) : key)
    return !seen.has(id) && seen.add(id)
  })
}

function groupBy(items: Json[], path: Json, otherwise: Json | undefined): Json[] {
  const keyOf = (one: Json): Json => {
    const found = memberPath(one, path)
    return found instanceof Undefined && otherwise !== undefined ? otherwise : plain(found)
  }
  const groups = new Map<string, [Json, Json[]]>()
  for (const one of items) {
    const key = keyOf(one)
    const group = groups.get(identity(key)) ?? [key, []]
    groups.set(identity(key), group)
    group[1].push(one)
  }
  return sorted([...groups.values()], 0, false, false)
}

function batch(items: Json[], width: number, fill: Json | undefined): Json[] {
  requireRoom(width)
  return Array.from({ length: Math.ceil(items.length / width) }, (_, index) => {
    const row = items.slice(index * width, (index + 1) * width)
    return fill === undefined ? row : [...row, ...Array<Json>(width - row.length).fill(fill)]
  })
}

/** Columns of equal height; the first ones take what is left over. */
function columns(items: Json[], width: number, fill: Json | undefined): Json[] {
  requireRoom(width)
  const [height, more] = [Math.floor(items.length / width), items.length % width]
  let at = 0
  return Array.from({ length: width }, (_, index) => {
    const column = items.slice(at, (at += height + (index < more ? 1 : 0)))
    return fill !== undefined && more > 0 && index >= more ? [...column, fill] : column
  })
}

function flatten(items: Json[], levels: number): Json[] {
  return items.flatMap((one) => (Array.isArray(one) && levels > 0 ? flatten(one, levels - 1) : [one]))
}

/** Without something to fill with the shortest list decides. */
function zip(lists: Json[][], fill?: Json): Json[] {
  const lengths = lists.map((one) => one.length)
  const length = fill === undefined ? Math.min(...lengths) : Math.max(...lengths)
  return Array.from({ length }, (_, index) => lists.map((one) => one[index] ?? fill ?? null))
}

function product(lists: Json[][]): Json[][] {
  requireRoom(lists.reduce((total, one) => total * one.length, 1))
  return lists.reduce<Json[][]>((rows, one) => rows.flatMap((row) => one.map((each) => [...row, each])), [[]])
}

function subelements(items: Json[], path: Json, skip: Json | undefined): Json[] {
  const missing =
    skip === true || (typeof skip === 'object' && skip !== null && (skip as JsonObject).skip_missing === true)
  return items.flatMap((one) => {
    const found = memberPath(one, path)
    if (found instanceof Undefined && missing) return []
    return list(plain(found), `'${keyText(path)}' of 'subelements'`).map((inner) => [one, inner])
  })
}
