import { runStep } from './items.ts'
import { removePending } from './notify.ts'
import { pendingId } from './pending.ts'
import type { Ended, Walk } from './walk.ts'

/** Runs the handlers notified so far, in the order of the play; what one notifies of those after it runs, too. */
export async function runHandlers(walk: Walk): Promise<Ended | undefined> {
  const { play, session, run } = walk
  walk.rounds.handlers++
  for (const handler of play.handlers) {
    const id = pendingId(play, handler)
    if (!session.notified.has(id)) continue
    const ended = await runStep(handler, walk)
    if (ended !== undefined) return ended
    if (run.mode === 'apply') await removePending(session, play, handler)
    else session.notified.delete(id)
  }
  return undefined
}

/** Names of the handlers of a play that were notified and have not run. */
export function pendingNames({ play, session }: Walk): string[] {
  return play.handlers
    .filter((handler) => session.notified.has(pendingId(play, handler)))
    .map(({ name }) => name)
}
