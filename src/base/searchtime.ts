import { createContext, Script } from 'node:vm'

/** In milliseconds: some regular expressions take longer than the universe has for texts they don't match. */
const MOST_TIME = 1000

/** What a search may take that nobody watches; a watch costs more than most searches. */
const FEW_STEPS = 1e7

const SEARCH = new Script('work()')
let context: { work?: () => unknown } | undefined

/** A search that took too long was ended. */
export class SearchTimeout extends Error {}

/** Does the work of regular expressions on texts. Throws SearchTimeout when it takes too long. */
export function searchInTime<T>(work: () => T, expressions: RegExp[], texts: string[]): T {
  const steps = expressions.flatMap((one) => texts.map(({ length }) => mostSteps(one, length)))
  if (steps.reduce((sum, one) => sum + one, 0) <= FEW_STEPS) return work()
  context ??= createContext(Object.create(null) as object)
  context.work = work
  try {
    return SEARCH.runInContext(context, { timeout: MOST_TIME }) as T
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    throw new SearchTimeout()
  } finally {
    context.work = undefined
  }
}

/**
 * A bound on the steps of a search through that many characters. Where no group is repeated, a repetition multiplies
 * the ways to try by the length, and an option or alternative by two; all of it at each place where a match may begin.
 */
function mostSteps({ source, multiline }: RegExp, length: number): number {
  if (/\)[*+{]|\\[\dk]/.test(source)) return Infinity
  const repetitions = source.match(/[*+{]/g)?.length ?? 0
  const branches = source.match(/[?|]/g)?.length ?? 0
  const starts = source.startsWith('^') && !multiline && !source.includes('|') ? 1 : length + 1
  return source.length * starts * (length + 1) ** repetitions * 2 ** branches
}
