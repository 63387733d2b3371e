import { ConnectionLost } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import type { Change } from '../core/task.ts'
import { type ActContext, act, type Kept, travelsInOrder } from './act.ts'
import type { Look, RunAs } from './observe.ts'
import type { Session } from './session.ts'

/** What a settled step leaves: facts kept from commands, and whether the connection broke on the way. */
interface Settled {
  kept: Kept
  lost?: ConnectionLost
}

/** The only place in which check and apply differ: what becomes of planned changes. */
export type Settle = (
  changes: Change[],
  looks: Look[],
  ahead: () => Look[],
  context: Omit<ActContext, 'connection'>,
) => Promise<Settled>

/** Check: the changes' own effects become the facts that later steps see. */
export const predict: Settle = async (changes, _looks, _ahead, { session, runAs }) => {
  for (const change of changes) {
    session.predictions.add(change, runAs)
    if (change.opaque || change.repeats) session.provisional = true
  }
  return { kept: {} }
}

/** Apply: runs the actions, then looks again; the look rides on the same exchange as the last action. */
export const apply: Settle = async (changes, looks, ahead, context) => {
  const { session } = context
  const kept: Kept = {}
  session.forget()
  try {
    await actAll(changes, looks, ahead, context, kept)
  } catch (error) {
    // Nobody knows how far it came: look, never run it again blindly.
    if (!(error instanceof ConnectionLost)) throw error
    await session.disconnect()
    await session.look(looks, ahead)
    return { kept, lost: error }
  }
  keep(session, kept, context.runAs)
  return { kept }
}

async function actAll(
  changes: Change[],
  looks: Look[],
  ahead: () => Look[],
  given: Omit<ActContext, 'connection'>,
  kept: Kept,
): Promise<void> {
  const { session } = given
  await session.locked()
  const actions = changes.flatMap((change) => change.actions)
  for (const action of actions.slice(0, -1)) {
    Object.assign(kept, await act(action, { ...given, connection: await session.connection() }))
  }
  const last = actions.at(-1)
  if (last === undefined) return session.look(looks, ahead)
  const users = usersIn(changes)
  const acting = act(last, { ...given, connection: await session.connection() })
  if (users.length > 0 || !travelsInOrder(last)) {
    Object.assign(kept, await acting)
    for (const user of users) await (await session.connection()).renew(user)
    return session.look(looks, ahead)
  }
  const [acted, looked] = await Promise.allSettled([acting, session.lookOnce(looks, ahead)])
  // A host that has not answered in time is not waited for again.
  if (acted.status === 'rejected') throw acted.reason
  Object.assign(kept, acted.value)
  if (looked.status === 'fulfilled') return
  if (!(looked.reason instanceof ConnectionLost)) throw looked.reason
  return session.look(looks, ahead)
}

/** Accounts that these changes are about. */
function usersIn(changes: Change[]): string[] {
  const keys = changes.flatMap(({ effects }) => effects.map(({ key }) => key))
  return keys.flatMap((key) => (key.startsWith('user:') ? [key.slice('user:'.length)] : []))
}

function keep(session: Session, kept: Record<string, Json>, runAs: RunAs): void {
  for (const [key, value] of Object.entries(kept)) session.keep(key, value, runAs)
}
