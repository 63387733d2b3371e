import type { Json } from '../../core/json.ts'
import { range } from './operators.ts'
import { TemplateError } from './templateerror.ts'
import { list, mapping, text } from './values.ts'

export type Global = (args: Json[], named: Record<string, Json>) => Json

/** Mappings made by namespace(), which {% set ns.x = ... %} may change. */
const namespaces = new WeakSet<object>()

export function isNamespace(value: unknown): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && namespaces.has(value)
}

/** Functions that templates may call; lookup and query are evaluated where files can be found. */
export const GLOBALS = new Map<string, Global | undefined>([
  ['range', range],
  ['dict', dict],
  [
    'namespace',
    (args, named) => {
      const made = dict(args, named)
      namespaces.add(made)
      return made
    },
  ],
  ['lookup', undefined],
  ['query', undefined],
  ['q', undefined],
])

function dict([from = {}]: Json[], named: Record<string, Json>): Record<string, Json> {
  const pairs = Array.isArray(from) ? from.map(pair) : Object.entries(mapping(from, "'dict'"))
  return Object.fromEntries([...pairs, ...Object.entries(named)])
}

function pair(item: Json): [string, Json] {
  const [key, value, ...rest] = list(item, "'dict'")
  if (key === undefined || value === undefined || rest.length > 0)
    throw new TemplateError("'dict' wants pairs of a key and a value")
  return [text(key, "'dict'"), value]
}
