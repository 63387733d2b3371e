import { processSecrets } from '../../base/redact.ts'
import { didYouMean, nearest } from '../../base/suggest.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Task } from '../../core/task.ts'
import type { ArgsError } from './checks.ts'
import { type Schema, schemaAt } from './schemas.ts'
import { hasTemplate } from '../template/template.ts'
import { describe } from '../template/values.ts'

/** A mistake in the arguments of a task; `pointer` counts from the arguments, '#key' at its end means the key. */
export interface ArgsFault {
  pointer: string
  message: string
  hint?: string
}

/** Says in plain words what is wrong with arguments: one fault per cause. `written`: before templates were evaluated. */
export function explainArgs(
  task: Task,
  args: JsonObject,
  errors: ArgsError[],
  written: JsonObject = args,
): ArgsFault[] {
  const schema = task.args as Schema
  const faults = new Map<string, ArgsFault>()
  for (const error of errors.filter((one) => !isConsequence(one, errors))) {
    const fault = explain(task, schema, args, error)
    const template = valueAt(written, error.instancePath)
    if (error.keyword === 'type' && typeof template === 'string' && hasTemplate(template))
      fault.hint = conversion(
        [error.params.type as string | string[]].flat(),
        valueAt(args, error.instancePath),
      )
    const key = error.keyword === 'required' ? `${fault.pointer} ${fault.message}` : fault.pointer
    if (!faults.has(key)) faults.set(key, fault)
  }
  return [...faults.values()]
}

/** Errors inside alternatives, and the wrappers around conditions, only repeat what another error says. */
function isConsequence(error: ArgsError, errors: ArgsError[]): boolean {
  if (error.keyword === 'if') return true
  const missing = errors.filter((one) => one === error || one.schemaPath.startsWith(`${error.schemaPath}/`))
  if (missing.some((one) => one.keyword === 'required' && errors.some((other) => isTypoOf(one, other))))
    return true
  const alternative = /^(.*\/(?:anyOf|oneOf))\/\d+\//.exec(error.schemaPath)
  return alternative !== null && errors.some((other) => other.schemaPath === alternative[1])
}

/** A mistyped argument is also a missing one. */
function isTypoOf(missing: ArgsError, other: ArgsError): boolean {
  if (other.keyword !== 'additionalProperties' || other.instancePath !== missing.instancePath) return false
  return (
    nearest(other.params.additionalProperty as string, [missing.params.missingProperty as string]) !==
    undefined
  )
}

function explain(task: Task, schema: Schema, args: JsonObject, error: ArgsError): ArgsFault {
  const { instancePath: pointer, keyword, params } = error
  const name = pointer === '' ? task.name : `'${lastKey(pointer)}'`
  const value = valueAt(args, pointer)
  const here = schemaAt(schema, pointer)
  const seen = here?.format === 'secret' ? 'this value' : shown(value)
  switch (keyword) {
    case 'additionalProperties':
      return unknownKey(task, pointer, here, params.additionalProperty as string)
    case 'required':
      return {
        pointer,
        message: `${name} lacks '${params.missingProperty}'`,
        hint: about(here, params.missingProperty),
      }
    case 'dependentRequired':
      return { pointer, message: `'${params.property}' needs '${params.missingProperty}' beside it` }
    case 'type':
      return wrongType(pointer, name, value, here, params.type as string | string[])
    case 'enum':
    case 'const':
      return { pointer, message: `${name} can't be ${seen}`, hint: allowedHint(params, value) }
    case 'pattern':
      return { pointer, message: `${name} can't be ${seen}`, hint: patternHint(here, value) }
    case 'anyOf':
    case 'oneOf':
      return noAlternative(pointer, name, seen, value, here)
    case 'not':
      return { pointer, message: `${name} holds arguments that exclude each other`, hint: here?.description }
  }
  return {
    pointer,
    message: `${name} ${limit(keyword, params) ?? error.message ?? 'is wrong'}`,
    hint: here?.description,
  }
}

function allowedHint(params: Record<string, any>, value: Json): string {
  const allowed = ((params.allowedValues as Json[] | undefined) ?? [params.allowedValue as Json]).map(String)
  const many = typeof value === 'string' && allowed.length > 4
  return many ? didYouMean(value, allowed) : `one of ${allowed.join(', ')}`
}

function unknownKey(task: Task, pointer: string, schema: Schema | undefined, key: string): ArgsFault {
  const owner = pointer === '' ? task.name : `'${lastKey(pointer)}'`
  return {
    pointer: `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}#key`,
    message: `'${key}' is not an argument of ${owner}`,
    hint: didYouMean(key, Object.keys(schema?.properties ?? {})),
  }
}

function about(schema: Schema | undefined, key: string): string | undefined {
  return schema?.properties?.[key]?.description
}

const TYPES: Record<string, string> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  null: 'null',
}

function wrongType(
  pointer: string,
  name: string,
  value: Json,
  schema: Schema | undefined,
  wanted: string | string[],
): ArgsFault {
  const types = [wanted].flat()
  const words = types.map((type) => TYPES[type] ?? type).join(' or ')
  const message = `${name} must be ${words}, not ${describe(value)}`
  if (types.includes('string') && (typeof value === 'number' || typeof value === 'boolean'))
    return { pointer, message, hint: quoteHint(value, schema) }
  if (types.includes('boolean') && typeof value === 'string')
    return { pointer, message, hint: `write true or false, without quotes` }
  return { pointer, message, hint: schema?.description }
}

/** What to do about the value of a template: quotes would change nothing. */
function conversion(types: string[], value: Json): string {
  const simple = value === null || typeof value !== 'object'
  if (types.includes('string'))
    return simple ? 'convert it: {{ ... | string }}' : 'convert it: {{ ... | to_json }}'
  if (types.includes('integer') || types.includes('number')) return 'convert it: {{ ... | int }}'
  if (types.includes('boolean')) return 'convert it: {{ ... | bool }}'
  return `its template must give ${types.map((type) => TYPES[type] ?? type).join(' or ')}`
}

/** YAML reads 0644 as 644 and 1.30 as 1.3; only quotes keep what was written. */
function quoteHint(value: number | boolean, schema: Schema | undefined): string {
  if (schema?.pattern?.includes('0-7') && /^[0-7]{3}$/.test(String(value)))
    return `quote it, with its zero: "${String(value).padStart(4, '0')}"`
  if (typeof value === 'number' && !Number.isInteger(value))
    return 'quote it, e.g. "1.30" (YAML takes trailing zeros away)'
  return `quote it: "${value}"`
}

function patternHint(schema: Schema | undefined, value: Json): string | undefined {
  if (schema?.pattern?.includes('0-7') && typeof value === 'string' && /^[0-7]{3}$/.test(value))
    return `write "0${value}"`
  return schema?.description ?? (schema?.pattern && `it must match ${schema.pattern}`)
}

function noAlternative(
  pointer: string,
  name: string,
  seen: string,
  value: Json,
  schema: Schema | undefined,
): ArgsFault {
  const alternatives = [...(schema?.anyOf ?? []), ...(schema?.oneOf ?? [])]
  const keys = alternatives.map((one) => one.required ?? [])
  if (keys.length > 0 && keys.every((required) => required.length > 0)) {
    const ways = keys.map((required) => required.map((key) => `'${key}'`).join(' and ')).join(' or ')
    const given = keys.filter((required) => required.every((key) => Object.hasOwn(value as JsonObject, key)))
    if (given.length > 1) return { pointer, message: `${name} takes only one of ${ways}` }
    return { pointer, message: `${name} lacks ${ways}` }
  }
  const types = alternatives.flatMap((one) => one.type ?? []).map((type) => TYPES[type] ?? type)
  const wanted =
    types.length > 0 ? ` must be ${[...new Set(types)].join(' or ')}` : ' is none of what is allowed'
  return { pointer, message: `${name}${wanted}, not ${seen}`, hint: schema?.description }
}

function limit(keyword: string, params: Record<string, any>): string | undefined {
  const most = params.limit as number
  const limits: Record<string, string> = {
    minimum: `must be at least ${most}`,
    exclusiveMinimum: `must be more than ${most}`,
    maximum: `must be at most ${most}`,
    exclusiveMaximum: `must be less than ${most}`,
    minLength: most === 1 ? 'must not be empty' : `must have at least ${most} characters`,
    maxLength: `must have at most ${most} characters`,
    minItems: most === 1 ? 'must not be empty' : `must have at least ${most} items`,
    maxItems: `must have at most ${most} items`,
    minProperties: `must have at least ${most} entries`,
    maxProperties: `must have at most ${most} entries`,
    uniqueItems: `holds the same item twice`,
    multipleOf: `must be a multiple of ${params.multipleOf}`,
  }
  return limits[keyword]
}

function lastKey(pointer: string): string {
  const part = pointer.slice(pointer.lastIndexOf('/') + 1)
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}

function valueAt(args: JsonObject, pointer: string): Json {
  let value: Json = args
  for (const part of pointer.split('/').slice(1))
    value = (value as JsonObject)[part.replaceAll('~1', '/').replaceAll('~0', '~')] ?? null
  return value
}

/** Short enough for a message; a secret that is cut short could not be masked any more. */
function shown(value: Json): string {
  const text = processSecrets.mask(typeof value === 'string' ? `'${value}'` : JSON.stringify(value))
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
