import type { Json, JsonObject } from '../core/json.ts'
import type { Filter } from './filters.ts'
import { TemplateError } from './templateerror.ts'
import { describe, isMapping, keyText, list, mapping, number, text, truth } from './values.ts'
import { formatYaml, parseYamlText } from './yaml.ts'

export const DATA_FILTERS: Record<string, Filter> = {
  to_json: (value) => JSON.stringify(value),
  tojson: (value) => JSON.stringify(value),
  to_nice_json: (value, args, named) =>
    JSON.stringify(value, null, number(args[0] ?? named.indent ?? 4, "'to_nice_json'")),
  from_json: (value) => read('from_json', () => JSON.parse(text(value, "'from_json'")) as Json),
  to_yaml: (value) => formatYaml(value),
  to_nice_yaml: (value) => formatYaml(value),
  from_yaml: (value) => read('from_yaml', () => parseYamlText(text(value, "'from_yaml'"))),
  int: (value, args, named) => toNumber(value, args[0] ?? named.default ?? 0, Math.trunc),
  float: (value, args, named) => toNumber(value, args[0] ?? named.default ?? 0, (given) => given),
  bool: (value) => toBoolean(value),
  abs: (value) => Math.abs(number(value, "'abs'")),
  round: (value, args, named) =>
    round(number(value, "'round'"), args[0] ?? named.precision ?? 0, args[1] ?? named.method),
  dict2items: (value, _args, named) =>
    Object.entries(mapping(value, "'dict2items'")).map(([key, item]) => ({
      [text(named.key_name ?? 'key', "'dict2items'")]: key,
      [text(named.value_name ?? 'value', "'dict2items'")]: item,
    })),
  items2dict: (value, _args, named) => toMapping(value, named),
  items: (value) => Object.entries(mapping(value, "'items'")),
  combine: (value, args, named) =>
    args
      .map((other) => mapping(other, "'combine'"))
      .reduce((all, other) => merge(all, other, named.recursive === true), mapping(value, "'combine'")),
  ternary: (value, [yes = null, no = null, none]) =>
    value === null && none !== undefined ? none : truth(value) ? yes : no,
  type_debug: (value) => describe(value),
  mandatory: (value) => value,
  human_readable: (value) => humanSize(number(value, "'human_readable'")),
  human_to_bytes: (value) => bytesOf(text(value, "'human_to_bytes'")),
}

function read(name: string, parse: () => Json): Json {
  try {
    return parse()
  } catch (error) {
    if (error instanceof TemplateError) throw error
    throw new TemplateError(`'${name}' can't read this text: ${(error as Error).message.split('\n')[0]}`)
  }
}

function toNumber(value: Json, otherwise: Json, cut: (value: number) => number): Json {
  const given = typeof value === 'string' ? (value.trim() === '' ? Number.NaN : Number(value.trim())) : value
  if (typeof given === 'boolean') return Number(given)
  return typeof given === 'number' && Number.isFinite(given) ? cut(given) : otherwise
}

function toBoolean(value: Json): boolean {
  return value === true || value === 1 || (typeof value === 'string' && /^(yes|on|true|1|y|t)$/i.test(value))
}

function round(value: number, precision: Json, method: Json | undefined): number {
  const factor = 10 ** number(precision, "'round'")
  const way = method === 'ceil' ? Math.ceil : method === 'floor' ? Math.floor : Math.round
  return way(value * factor) / factor
}

function toMapping(value: Json, named: JsonObject): JsonObject {
  const [keyName, valueName] = [keyText(named.key_name ?? 'key'), keyText(named.value_name ?? 'value')]
  const pairs = list(value, "'items2dict'").map((item) => {
    const pair = mapping(item, "'items2dict'")
    if (!Object.hasOwn(pair, keyName) || !Object.hasOwn(pair, valueName))
      throw new TemplateError(`'items2dict' wants '${keyName}' and '${valueName}' in each item`)
    return [text(pair[keyName] as Json, "'items2dict'"), pair[valueName] as Json] as const
  })
  return Object.fromEntries(pairs)
}

function merge(a: JsonObject, b: JsonObject, recursive: boolean): JsonObject {
  if (!recursive) return { ...a, ...b }
  const merged = Object.entries(b).map(([key, value]) => {
    const old = Object.hasOwn(a, key) ? a[key] : undefined
    return [key, isMapping(old) && isMapping(value) ? merge(old, value, true) : value] as const
  })
  return { ...a, ...Object.fromEntries(merged) }
}

const UNITS = ['', 'K', 'M', 'G', 'T', 'P']

function humanSize(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** power).toFixed(2)} ${power === 0 ? 'bytes' : `${UNITS[power]}B`}`
}

function bytesOf(size: string): number {
  const match = /^\s*([\d.]+)\s*([KMGTP]?)i?b?\s*$/i.exec(size)
  if (match === null) throw new TemplateError(`'${size}' is not a size`, 'write e.g. 2GiB')
  return Math.round(Number(match[1]) * 1024 ** UNITS.indexOf((match[2] ?? '').toUpperCase()))
}
