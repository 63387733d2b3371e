import { TemplateError } from './templateerror.ts'

/** Work that one evaluation may do: about a second's. */
const MOST_WORK = 1_000_000

/** Characters of a text, and items of a list, that a template may make. */
const MOST_CHARACTERS = 16_000_000
const MOST_ITEMS = 1_000_000

let depth = 0
let spent = 0

/**
 * Runs an evaluation, with all those that it leads to, within bounds: what a file from elsewhere says must neither
 * take forever nor fill the memory. Throws TemplateError.
 */
export function withinBudget<T>(work: () => T): T {
  if (depth === 0) spent = 0
  depth++
  try {
    return work()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new TemplateError(
      /call stack/.test(error.message)
        ? 'the template is nested too deeply'
        : `the template makes too much: ${error.message}`,
    )
  } finally {
    depth--
  }
}

export function spend(work: number): void {
  spent += work
  if (spent > MOST_WORK) throw new TemplateError('the template does too much', 'loop over less')
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
