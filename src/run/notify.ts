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
export async function recordPending(use: Use): Promise<void> {
  const { session, play, step } = use
  const handlers = handlersOf(play, step).filter((handler) => !session.notified.has(pendingId(play, handler)))
  if (handlers.length > 0) await execute(session, recordPendingScript(session.root, play, handlers))
}

export async function removePending(session: Session, play: Play, handler: Step): Promise<void> {
  session.notified.delete(pendingId(play, handler))
  await execute(session, removePendingScript(session.root, play, handler))
}

async function execute(session: Session, script: string): Promise<void> {
  const connection = await session.connection()
  const { code, stderr } = await connection.run(script, { become: session.root, timeout: 60 })
  if (code !== 0)
    throw new CommandError('the list of pending handlers could not be written', {
      code,
      command: script,
      stderr,
    })
}
