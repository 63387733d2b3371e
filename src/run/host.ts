import { ConnectError, Interrupted } from '../core/errors.ts'
import type { HostEnd } from '../core/event.ts'
import type { FlowNode } from '../load/program.ts'
import type { RunContext } from './context.ts'
import { failureOf } from './failure.ts'
import { runFlow } from './flow.ts'
import { pendingNames, runHandlers } from './handlers.ts'
import { looksFrom, looksOfProgram } from './lookahead.ts'
import { parsePending, readPendingScript } from './pending.ts'
import type { Session } from './session.ts'
import type { Walk } from './walk.ts'

/** Connects and looks at everything the host will be asked about, in one flight. Rejects with ConnectError or TaskError. */
export async function openHost(session: Session, run: RunContext): Promise<void> {
  const connection = await session.connection()
  const reading = connection.run(readPendingScript(session.root), { become: session.root, timeout: 60 })
  const [pending] = await Promise.all([reading, session.look(looksOfProgram(session, run)), session.locked()])
  for (const { id } of parsePending(pending)) session.notified.add(id)
}

/** Runs one play on one host: its flow, then the notified handlers. Never rejects. */
export function runHost(walk: Walk, opened: Promise<void>): Promise<HostEnd> {
  return stateOf(walk, async () => {
    const { session, play, run } = walk
    await opened
    await session.exclusively(() => session.look(looksFrom(session, play, 1, run)))
    const ended = (await runFlow(play.flow, walk)) ?? (await runHandlers(walk))
    return ended?.state ?? 'done'
  })
}

/** Runs the steps of a gate on one host. Never rejects. */
export function runGate(walk: Walk, gate: FlowNode[]): Promise<HostEnd> {
  return stateOf(walk, async () => (await runFlow(gate, walk))?.state ?? 'done')
}

async function stateOf({ session, run }: Walk, work: () => Promise<HostEnd>): Promise<HostEnd> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Interrupted) return 'interrupted'
    run.emit({ type: 'host-unreachable', host: session.host.name, failure: failureOf(error) })
    return error instanceof ConnectError ? 'unreachable' : 'failed'
  }
}

/** Tells that a host has ended a play, and that it drops out if it was not to the good. */
export function reportHost(walk: Walk, state: HostEnd): void {
  const { session, play, run } = walk
  const pending = state === 'done' || run.mode === 'check' ? [] : pendingNames(walk)
  if (state !== 'done') run.values.fail(session.host.name)
  run.emit({
    type: 'host-end',
    host: session.host.name,
    play: play.index,
    state,
    pending: pending.length > 0 ? pending : undefined,
  })
}
