import type { Json, JsonObject } from '../../core/json.ts'
import type { Filter } from './filters.ts'
import { type Args, operation } from './operations.ts'
import { TemplateError } from './templateerror.ts'
import { describe, isMapping, keyText, list, mapping, number, text, truth } from './values.ts'
import { formatYaml, parseYamlText } from '../yaml/yaml.ts'

export const DATA_FILTERS: Record<string, Filter> = {
  to_json: operation('indent sort_keys ensure_ascii separators', (value, [indent, sort]) =>
    json(value, indent, sort),
  ),
  tojson: operation('indent', (value, [indent]) => json(value, indent, false)),
  to_nice_json: operation('indent sort_keys ensure_ascii', (value, [indent = 4, sort]) =>
    json(value, indent, sort),
  ),
  from_json: operation('', (value) =>
    read('from_json', () => JSON.parse(text(value, "'from_json'")) as Json),
  ),
  to_yaml: operation('indent width sort_keys default_flow_style', (value, [, , sort]) =>
    formatYaml(ordered(value, sort)),
  ),
  to_nice_yaml: operation('indent width sort_keys default_flow_style', (value, [, , sort]) =>
    formatYaml(ordered(value, sort)),
  ),
  from_yaml: operation('', (value) => read('from_yaml', () => parseYamlText(text(value, "'from_yaml'")))),
  dict2items: operation('key_name value_name', (value, [key = 'key', name = 'value']) =>
    Object.entries(mapping(value, "'dict2items'")).map(([each, item]) =>
      Object.fromEntries([
        [text(key, "'dict2items'"), each],
        [text(name, "'dict2items'"), item],
      ]),
    ),
  ),
  items2dict: operation('key_name value_name', (value, [key = 'key', name = 'value']) =>
    toMapping(value, text(key, "'items2dict'"), text(name, "'items2dict'")),
  ),
  items: operation('', (value) => Object.entries(mapping(value, "'items'"))),
  combine: operation('* **', (value, others, named) => combine(value, others, named)),
  ternary: operation('true_val false_val none_val', (value, [yes = null, no = null, none]) =>
    value === null && none !== undefined ? none : truth(value) ? yes : no,
  ),
  type_debug: operation('', (value) => describe(value)),
}

function read(name: string, parse: () => Json): Json {
  try {
    return parse()
  } catch (error) {
    if (error instanceof TemplateError) throw error
    // What it quotes may be a part of a secret, which is masked only as a whole.
    const [why] = (error as Error).message.replace(/['"].*['"]/s, '…').split('\n')
    throw new TemplateError(`'${name}' can't read this text: ${why}`)
  }
}

function json(value: Json, indent: Json | undefined, sort: Json | undefined): string {
  const sorted = ordered(value, sort)
  return indent === undefined || indent === null
    ? JSON.stringify(sorted)
    : JSON.stringify(sorted, null, number(indent, "'indent'"))
}

function ordered(value: Json, sort: Json | undefined): Json {
  if (sort !== true) return value
  if (Array.isArray(value)) return value.map((item) => ordered(item, true))
  if (!isMapping(value)) return value
  const pairs = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(pairs.map(([key, item]) => [key, ordered(item, true)]))
}

function toMapping(value: Json, keyName: string, valueName: string): JsonObject {
  const pairs = list(value, "'items2dict'").map((item) => {
    const pair = mapping(item, "'items2dict'")
    if (!Object.hasOwn(pair, keyName) || !Object.hasOwn(pair, valueName))
      throw new TemplateError(`'items2dict' wants '${keyName}' and '${valueName}' in each item`)
    return [text(pair[keyName] as Json, "'items2dict'"), pair[valueName] as Json] as const
  })
  return Object.fromEntries(pairs)
}

type MergeLists = (a: Json[], b: Json[]) => Json[]

const LIST_MERGES: Record<string, MergeLists> = {
  replace: (_, b) => b,
  keep: (a) => a,
  append: (a, b) => [...a, ...b],
  prepend: (a, b) => [...b, ...a],
}

/** Mappings over each other; those that are given may be lists of mappings, too. */
function combine(
  value: Json,
  others: Args,
  { recursive, list_merge = 'replace', ...unknown }: JsonObject,
): Json {
  const [odd] = Object.keys(unknown)
  if (odd !== undefined)
    throw new TemplateError(`'combine' takes no '${odd}'`, 'it takes recursive and list_merge')
  const merge = Object.hasOwn(LIST_MERGES, keyText(list_merge)) ? LIST_MERGES[keyText(list_merge)] : undefined
  if (merge === undefined)
    throw new TemplateError(
      `list_merge can't be '${keyText(list_merge)}'`,
      `use ${Object.keys(LIST_MERGES).join(', ')}`,
    )
  const all = [value, ...others].flat().map((one) => mapping(one ?? null, "'combine'"))
  return all.reduce((a, b) => mergeTwo(a, b, recursive === true, merge), {})
}

function mergeTwo(a: JsonObject, b: JsonObject, recursive: boolean, lists: MergeLists): JsonObject {
  const merged = Object.entries(b).map(([key, value]) => {
    const old = Object.hasOwn(a, key) ? a[key] : undefined
    if (recursive && isMapping(old) && isMapping(value))
      return [key, mergeTwo(old, value, true, lists)] as const
    return [key, Array.isArray(old) && Array.isArray(value) ? lists(old, value) : value] as const
  })
  return Object.fromEntries([...Object.entries(a), ...merged])
}
