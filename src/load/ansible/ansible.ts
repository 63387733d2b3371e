import type { Json, JsonObject } from '../../core/json.ts'
import type { Task } from '../../core/task.ts'
import { expressionOf } from './ansibleloops.ts'
import { COMMON, MODULES } from './ansiblemodules.ts'
import { Draft, type Given, type Module, type Rule } from './ansiblerules.ts'
import { readGiven } from './ansibleshort.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import type { Schema } from '../check/schemas.ts'
import { hasTemplate } from '../template/template.ts'
import { isMapping, keyText } from '../template/values.ts'

/** The name of a module without its collection, of those collections that are understood. */
export function shortName(key: string): string {
  return key.replace(/^(?:ansible\.(?:builtin|legacy|posix)|community\.general)\./, '')
}

/** The module that a key of a step names, be it in full or in short. */
export function moduleOf(key: string): Module | undefined {
  const name = shortName(key)
  return Object.hasOwn(MODULES, name) ? MODULES[name] : undefined
}

/**
 * What a step with that module says in our words; undefined when the text or list below the key is not its arguments.
 * What can't be said is in the draft's refusals.
 */
export async function translate(
  step: JsonObject,
  key: string,
  module: Module,
  load: (task: string) => Promise<Task>,
): Promise<Draft | undefined> {
  const value = step[key] ?? null
  const given = readGiven(value, `/${pointerKey(key)}`, step.args ?? null, module.free)
  if (given === undefined) return undefined
  const draft = new Draft(module.task, key, given)
  draft.foreign = key !== module.task || step.args !== undefined || typeof value === 'string'
  const schema = (await load(module.task)).args as Schema
  const free = given.filter((one) => !place(draft, module, one, schema))
  if (module.others !== undefined) collect(draft, module.others, free)
  if (module.note !== undefined) draft.notes.add(module.note)
  module.adapt?.(draft)
  return draft
}

/** Whether the argument has a place of its own. */
function place(draft: Draft, module: Module, one: Given, schema: Schema): boolean {
  const own = Object.hasOwn(module.args, one.name) ? module.args[one.name] : undefined
  const native = schema.properties !== undefined && Object.hasOwn(schema.properties, one.name)
  const common = !native && Object.hasOwn(COMMON, one.name) ? COMMON[one.name] : undefined
  const rule = own ?? (module.others === undefined ? common : undefined)
  if (rule !== undefined) follow(draft, rule, one, schema)
  else if (module.others === undefined) assign(draft, one.name, one, schema)
  else return false
  return true
}

/** Arguments of any name stand together in one here; written in our way they do already. */
function collect(draft: Draft, name: string, given: Given[]): void {
  const [only, ...more] = given
  if (only === undefined) return
  if (only.name === name && more.length === 0 && isMapping(only.value))
    return draft.set(name, only.value, only)
  draft.foreign = true
  draft.args[name] = Object.fromEntries(given.map((one) => [one.name, one.value]))
  for (const one of given) draft.places.set(`/${name}/${pointerKey(one.name)}`, one)
}

/** What an argument comes to by its rule. */
function follow(draft: Draft, rule: Rule, one: Given, schema: Schema): void {
  const { to, harmless, words = {}, refused = {}, note } = rule
  const value = truthOf(one.value, harmless)
  const text = keyText(value)
  if (Object.hasOwn(refused, text))
    return draft.refuse(one, `'${one.name}: ${text}' has no counterpart here`, refused[text] as string)
  if (to === undefined) draft.foreign = true
  if (note !== undefined) draft.notes.add(note)
  if (harmless === 'any' || harmless?.includes(value)) return
  if (Object.hasOwn(words, text)) {
    draft.foreign = true
    return assign(draft, to ?? one.name, { ...one, value: words[text] as Json }, schema)
  }
  if (to !== undefined)
    return assign(
      draft,
      to,
      rule.commas ? { ...one, value: parted(one.value, schema.properties?.[to]) } : one,
      schema,
    )
  draft.refuse(one, `'${one.name}' has no counterpart here`, rule.cure ?? 'remove it')
}

const TRUE = /^(yes|true|on|y)$/i
const FALSE = /^(no|false|off|n)$/i

/** Ansible reads yes and no as booleans wherever one is wanted. */
function truthOf(value: Json, harmless: Rule['harmless']): Json {
  if (typeof value !== 'string' || !Array.isArray(harmless)) return value
  if (!harmless.some((one) => typeof one === 'boolean')) return value
  return TRUE.test(value) ? true : FALSE.test(value) ? false : value
}

function assign(draft: Draft, name: string, one: Given, schema: Schema): void {
  const property = schema.properties?.[name]
  if (name !== one.name) draft.foreign = true
  if (Object.hasOwn(draft.args, name)) {
    const message = `'${one.name}' says again what another argument says`
    return draft.refuse(one, message, 'keep one of them')
  }
  const value = typed(one, property)
  if (value !== one.value) draft.foreign = true
  draft.set(name, value, one)
}

/** Of the type that the argument has here, where the text leaves no doubt. */
function typed({ value, bare }: Given, property: Schema | undefined): Json {
  const types = [property?.type ?? []].flat()
  if (typeof value !== 'string' || hasTemplate(value)) return value
  if (types.includes('boolean') && (TRUE.test(value) || FALSE.test(value))) return TRUE.test(value)
  if (bare && types.includes('integer') && /^-?\d+$/.test(value)) return Number(value)
  const anyInteger = property?.anyOf?.some(({ type }) => type === 'integer') ?? false
  return bare && anyInteger && /^-?\d+$/.test(value) ? Number(value) : value
}

/** A text without commas stays one where that will do. */
function parted(value: Json, property: Schema | undefined): Json {
  if (typeof value !== 'string') return value
  if (hasTemplate(value)) return property?.type === 'array' ? partedLater(value) : value
  const items = value.split(',').map((one) => one.trim())
  return items.length === 1 && property?.type !== 'array' ? value : items.filter((one) => one !== '')
}

/** Only when it is evaluated can be told whether a single expression gives a text. */
function partedLater(value: string): string {
  const expression = expressionOf(value)
  if (expression === undefined) return value
  const split = `(${expression}) | split(',') | map('trim') | select | list`
  return `{{(${expression})\nif (${expression}) is not string or (${expression}) == omit else ${split} }}`
}
