import { CommandError } from '../core/errors.ts'
import type { Play, Step } from '../load/program.ts'
import { pendingId, recordPendingScript, removePendingScript } from './pending.ts'
import type { Session } from './session.ts'
import type { Use } from './step.ts'

/** The handlers that a step notifies, by name or by what they listen to, in the order of the play. */
function handlersOf(play: Play, step: Step): Step[] {
  return play.handlers.filter(({ name, listen }) =>
    step.notify.some((topic) => topic === name || listen.includes(topic)),
  )
}

export function notify({ session, play, step }: Use): void {
  for (const handler of handlersOf(play, step)) session.notified.add(pendingId(play, handler))
}

/** Before a change is made the host itself notes the handlers that it calls for. */
export async function recordPending({ session, play, step }: Use): Promise<void> {
  // What never counts as a change calls for nothing.
  if (step.changedWhen.includes(false)) return
  const handlers = handlersOf(play, step).filter((handler) => {
    const id = pendingId(play, handler)
    return !session.notified.has(id) && !session.noted.has(id)
  })
  if (handlers.length === 0) return
  await execute(session, recordPendingScript(session.root, play, handlers))
  for (const handler of handlers) session.noted.add(pendingId(play, handler))
}

/** It turned out to be no change: what was noted before it is crossed out, unless another step notified it, too. */
export async function withdraw({ session, play, step, run }: Use): Promise<void> {
  if (run.mode === 'check') return
  for (const handler of handlersOf(play, step)) {
    const id = pendingId(play, handler)
    if (session.noted.has(id) && !session.notified.has(id)) await removePending(session, play, handler)
  }
}

export async function removePending(session: Session, play: Play, handler: Step): Promise<void> {
  session.notified.delete(pendingId(play, handler))
  session.noted.delete(pendingId(play, handler))
  await execute(session, removePendingScript(session.root, play, handler))
}

async function execute(session: Session, script: string): Promise<void> {
  const connection = await session.connection()
  const { code, stderr } = await connection.run(script, { become: session.root, timeout: 60 })
  if (code !== 0)
    throw new CommandError(`the list of pending handlers could not be written${reasonIn(stderr)}`, {
      code,
      command: script,
      stderr,
    })
}

function reasonIn(stderr: string): string {
  const [, reason] = /: ([^:\n]+)$/.exec(stderr.trim()) ?? []
  return reason === undefined ? '' : `: ${reason.toLowerCase()}`
}
