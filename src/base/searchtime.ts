import { createContext, Script } from 'node:vm'

/** In milliseconds: some regular expressions take longer than the universe has for texts they don't match. */
const MOST_TIME = 1000

const SEARCH = new Script('work()')
let context: { work?: () => unknown } | undefined

/** A search that took too long was ended. */
export class SearchTimeout extends Error {}

/** Does the work of a regular expression. Throws SearchTimeout when it takes too long. */
export function searchInTime<T>(work: () => T): T {
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
