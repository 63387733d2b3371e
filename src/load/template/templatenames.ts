import { nearest } from '../../base/suggest.ts'
import { CONDITIONS } from '../conditions.ts'
import { FILTERS } from './filters.ts'
import { GLOBALS } from './globals.ts'
import { METHODS } from './methods.ts'
import { arrange, type Operation } from './operations.ts'
import { REFUSED_FILTERS, REFUSED_FUNCTIONS, REFUSED_STATEMENTS, REFUSED_TESTS } from './refusals.ts'
import { TemplateError } from './templateerror.ts'
import type { Arguments, At, Expression } from './templatenodes.ts'

/** The name of a filter without its collection. Throws TemplateError when there is no such filter. */
export function checkFilter(written: string, at?: At): string {
  const name = bare(written)
  if (Object.hasOwn(FILTERS, name)) return name
  const refused = reasonIn(REFUSED_FILTERS, name)
  if (refused) throw new TemplateError(`the filter '${name}' is not supported`, refused, at)
  throw new TemplateError(`there is no filter '${name}'`, suggestion(name, Object.keys(FILTERS)), at)
}

/** As checkFilter, for what follows `is`. */
export function checkTest(written: string, at?: At): string {
  const name = bare(written)
  if (Object.hasOwn(CONDITIONS, name)) return name
  const refused = reasonIn(REFUSED_TESTS, name)
  if (refused) throw new TemplateError(`the test 'is ${name}' is not supported`, refused, at)
  throw new TemplateError(`there is no test 'is ${name}'`, suggestion(name, Object.keys(CONDITIONS)), at)
}

/** Throws TemplateError for arguments that a filter or test does not take. */
export function checkArguments(kind: 'filter' | 'test', name: string, args: Arguments, at: At): void {
  const found = kind === 'filter' ? FILTERS[name] : CONDITIONS[name]
  const what = kind === 'filter' ? `the filter '${name}'` : `'is ${name}'`
  try {
    arrange(what, found as Pick<Operation<unknown>, 'takes'>, args.positional, Object.fromEntries(args.named))
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    throw new TemplateError(error.message, error.hint, at)
  }
}

function bare(name: string): string {
  return name.replace(/^ansible\.builtin\./, '')
}

function reasonIn(reasons: Record<string, string>, name: string): string | undefined {
  return Object.hasOwn(reasons, name) ? reasons[name] : undefined
}

/** The nearest name, or all there are. */
function suggestion(name: string, known: string[]): string {
  const near = nearest(name, known)
  return near === undefined ? `known: ${known.toSorted().join(', ')}` : `did you mean '${near}'?`
}

/** Only functions, macros and a closed list of methods can be called. */
export function checkCallee(callee: Expression): void {
  if (callee.kind === 'name') return
  if (callee.kind !== 'member' || callee.key.kind !== 'literal' || typeof callee.key.value !== 'string')
    throw new TemplateError("this can't be called", 'use a filter', callee.at)
  const name = callee.key.value
  if (Object.hasOwn(METHODS, name) || isCycle(callee)) return
  throw new TemplateError(`there is no method '.${name}()'`, methodHint(name), callee.at)
}

/** `loop.cycle(...)` is the one method that belongs to a name. */
export function isCycle(callee: Expression): boolean {
  const { kind } = callee
  return (
    kind === 'member' &&
    callee.target.kind === 'name' &&
    callee.target.name === 'loop' &&
    callee.key.kind === 'literal' &&
    callee.key.value === 'cycle'
  )
}

function methodHint(name: string): string {
  if (Object.hasOwn(FILTERS, name)) return `use the filter: x | ${name}`
  return suggestion(name, Object.keys(METHODS))
}

/** What to say of the call of a function that is not known. */
export function unknownFunction({ name, at }: { name: string; at: At }, macros: string[]): TemplateError {
  const refused = reasonIn(REFUSED_FUNCTIONS, name)
  if (refused) return new TemplateError(`${name}() is not supported`, refused, at)
  const hint = Object.hasOwn(FILTERS, name)
    ? `use it as a filter: x | ${name}`
    : suggestion(name, [...GLOBALS.keys(), ...macros])
  return new TemplateError(`'${name}' can't be called`, hint, at)
}

export function refusedStatement(name: string, at: At): TemplateError {
  const hint = reasonIn(REFUSED_STATEMENTS, name) ?? suggestion(name, STATEMENTS)
  return new TemplateError(`{% ${name} %} is not supported`, hint, at)
}

/** What a {% %} can begin with. */
export const STATEMENTS = ['if', 'for', 'set', 'with', 'filter', 'macro', 'call', 'include', 'raw']
