import { TemplateError } from './templateerror.ts'

/** Work that one evaluation may do: it takes a quarter of a second, and each host evaluates everything. */
const MOST_WORK = 250_000

/** Characters of a text, and items of a list, that a template may make. */
const MOST_CHARACTERS = 16_000_000
const MOST_ITEMS = 1_000_000

/** Evaluations inside each other: variables made from variables. */
const MOST_NESTED = 100

let depth = 0
let spent = 0

/** Templates that did too much once: not every host has to try again. */
const exhausting = new WeakMap<object, unknown>()

/**
 * Runs an evaluation, with all those that it leads to, within bounds: what a file from elsewhere says must neither
 * take forever nor fill the memory. Throws TemplateError.
 */
export function withinBudget<T>(work: () => T, template?: object): T {
  const failure = template && exhausting.get(template)
  if (failure !== undefined) throw failure
  if (depth === 0) spent = 0
  if (depth >= MOST_NESTED)
    throw new TemplateError(
      'variables are made from each other without end',
      'does one need itself, by way of others?',
    )
  depth++
  try {
    return work()
  } catch (error) {
    if (template !== undefined && isExhausted()) exhausting.set(template, error)
    if (!(error instanceof RangeError)) throw error
    throw new TemplateError(
      // No regular expression: compiling one fails where the stack is full.
      error.message.includes('call stack')
        ? 'the template is nested too deeply'
        : `the template makes too much: ${error.message}`,
    )
  } finally {
    depth--
  }
}

/** Whether the present evaluation has done more than it may. */
export function isExhausted(): boolean {
  return spent > MOST_WORK
}

export function spend(work: number): void {
  spent += work
  if (isExhausted()) throw new TemplateError('the template does too much', 'loop over less')
}

/** Text repeated, if there is room for it. */
export function repeated(text: string, times: number): string {
  const count = Math.max(0, Math.trunc(times))
  requireRoom(text.length * count, MOST_CHARACTERS)
  return text.repeat(count)
}

/** A length that a text or list is going to have. */
export function requireRoom(size: number, most = MOST_ITEMS): void {
  if (size > most) throw new TemplateError(`the template makes more than ${most} characters or items`)
}

/** What an operation gave, which must not be too large for the next one. */
export function bounded<T>(result: T): T {
  if (typeof result === 'string') {
    requireRoom(result.length, MOST_CHARACTERS)
    spend(1 + result.length / 64)
  } else if (Array.isArray(result)) {
    requireRoom(result.length)
    spend(1 + result.length / 4)
  } else spend(1)
  return result
}
