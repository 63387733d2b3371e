import type { Json, JsonObject } from '../../core/json.ts'
import { nearest } from '../../base/suggest.ts'
import { TemplateError } from './templateerror.ts'

export type Args = (Json | undefined)[]

/** A filter, a test or a method: what it takes besides the value before it, and what it gives. */
export interface Operation<R> {
  /** Names of its arguments in their order; '*' for any number of further ones, '**' for any names. */
  takes: string[]
  /** The only member of a mapping that it looks at. */
  member?: string
  apply(value: Json, args: Args, others: JsonObject): R
}

export function operation<R>(takes: string, apply: Operation<R>['apply']): Operation<R> {
  return { takes: takes.split(' ').filter(Boolean), apply }
}

/** Puts arguments given by name where they belong. Throws TemplateError for those that nothing takes. */
export function arrange<T>(
  what: string,
  { takes }: Pick<Operation<unknown>, 'takes'>,
  args: T[],
  named: Record<string, T>,
): { args: (T | undefined)[]; others: Record<string, T> } {
  const names = takes.filter((name) => !name.startsWith('*'))
  const arranged: (T | undefined)[] = [...args]
  const others: Record<string, T> = Object.create(null)
  if (args.length > names.length && !takes.includes('*')) throw tooMany(what, names, args.length)
  for (const [name, value] of Object.entries(named)) {
    const index = names.indexOf(name)
    if (index >= 0) arranged[index] = value
    else if (takes.includes('**')) others[name] = value
    else throw unknownName(what, names, name)
  }
  return { args: arranged, others }
}

function tooMany(what: string, names: string[], count: number): TemplateError {
  return new TemplateError(
    `${what} takes ${names.length === 0 ? 'no arguments' : `no ${count} arguments`}`,
    names.length === 0 ? undefined : `it takes (${names.join(', ')})`,
  )
}

function unknownName(what: string, names: string[], name: string): TemplateError {
  const near = nearest(name, names)
  const hint = near === undefined ? `it takes (${names.join(', ')})` : `did you mean '${near}'?`
  return new TemplateError(`${what} takes no '${name}'`, hint)
}

/** Applies an operation to evaluated arguments. */
export function apply<R>(
  what: string,
  found: Operation<R>,
  value: Json,
  given: { args: Json[]; named: JsonObject },
): R {
  const { args, others } = arrange(what, found, given.args, given.named)
  return found.apply(value, args, others as JsonObject)
}

/** An argument that must be there. */
export function required(value: Json | undefined, what: string): Json {
  if (value === undefined) throw new TemplateError(`${what} lacks an argument`)
  return value
}
