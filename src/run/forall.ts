import { TaskError } from '../core/errors.ts'
import type { Step } from '../load/program.ts'
import { failAtOnce } from './ending.ts'
import type { Shared } from './once.ts'
import { Stopped } from './waits.ts'
import type { Ran, Walk } from './walk.ts'

/** One host of the batch runs the step; the others wait here, share what it registers, and fail if it failed. */
export async function runForAll(
  step: Step,
  walk: Walk,
  runItems: (step: Step, walk: Walk) => Promise<Ran>,
): Promise<Ran> {
  const { once, session, play, outerItems } = walk
  const host = session.host.name
  const handler = play.handlers.includes(step)
  const round = handler ? walk.rounds.handlers : 0
  const key = JSON.stringify([step.number, round, outerItems])
  try {
    const shared = await once.take(host, step, outerItems, key, handler)
    if (shared !== undefined) return share(step, walk, shared)
  } catch (error) {
    if (error instanceof Stopped) return { values: [], failed: false, ended: { state: 'stopped' } }
    return { values: [], failed: true, ended: failAtOnce(step, walk, error as Error).ended }
  }
  // Whatever becomes of it here, no other host runs it again.
  let ran: Ran = { values: [], failed: true }
  try {
    ran = await runItems(step, walk)
    return ran
  } finally {
    once.done(key, { by: host, values: ran.values, failed: ran.failed && !step.ignoreErrors })
  }
}

function share(step: Step, walk: Walk, { by, values, failed }: Shared): Ran {
  if (!failed) return { values, failed }
  const error = new TaskError(`it failed on ${by}, which ran it for all`, `see what failed on ${by}`)
  return { values, failed, ended: failAtOnce(step, walk, error).ended }
}
