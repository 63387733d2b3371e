import { ConnectError, Interrupted } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import type { StepName } from '../core/event.ts'
import { bind } from '../load/bind.ts'
import type { Play, Step } from '../load/program.ts'
import { contextOf, itemsNow } from './binding.ts'
import type { RunContext } from './context.ts'
import { failureOf } from './failure.ts'
import { looksFrom, looksOfProgram } from './lookahead.ts'
import { removePending } from './notify.ts'
import { parsePending, pendingId, readPendingScript } from './pending.ts'
import type { Session } from './session.ts'
import { type Outcome, runUse } from './step.ts'

export type HostState = 'done' | 'failed' | 'unreachable' | 'interrupted'

/** Connects and looks at everything the host will be asked about, in one flight. Rejects with ConnectError or TaskError. */
export async function openHost(session: Session, run: RunContext): Promise<void> {
  const connection = await session.connection()
  const reading = connection.run(readPendingScript(session.root), { become: session.root, timeout: 60 })
  const [pending] = await Promise.all([reading, session.look(looksOfProgram(session, run)), session.locked()])
  for (const { id } of parsePending(pending)) session.notified.add(id)
}

/** Runs one play on one host: steps in order, then the notified handlers. Never rejects. */
export async function runHost(
  session: Session,
  play: Play,
  run: RunContext,
  opened: Promise<void>,
): Promise<HostState> {
  const host = session.host.name
  const state = await runSteps(session, play, run, opened).catch((error) => {
    if (error instanceof Interrupted) return 'interrupted' as const
    run.emit({ type: 'host-unreachable', host, failure: failureOf(error) })
    return error instanceof ConnectError ? ('unreachable' as const) : ('failed' as const)
  })
  if (state !== 'done') run.values.fail(host)
  run.emit({ type: 'host-end', host, play: play.index, state })
  return state
}

async function runSteps(
  session: Session,
  play: Play,
  run: RunContext,
  opened: Promise<void>,
): Promise<HostState> {
  await opened
  await session.look(looksFrom(session, play, 1, run))
  for (const step of play.steps) {
    const failed = await runStep(session, play, step, run)
    if (failed !== undefined) return stateOf(failed)
  }
  for (const handler of play.handlers) {
    if (!session.notified.has(pendingId(play, handler))) continue
    const failed = await runStep(session, play, handler, run)
    if (failed !== undefined) return stateOf(failed)
    if (run.mode === 'apply') await removePending(session, play, handler)
  }
  return 'done'
}

function stateOf({ error }: Outcome): HostState {
  if (error instanceof Interrupted) return 'interrupted'
  return error instanceof ConnectError ? 'unreachable' : 'failed'
}

/** Runs a step, item by item when it loops; resolves with the outcome that failed, if one did. */
async function runStep(
  session: Session,
  play: Play,
  step: Step,
  run: RunContext,
): Promise<Outcome | undefined> {
  if (run.signal.aborted) throw new Interrupted()
  const site = { step, play, session, run }
  const results: Json[] = []
  let changed = false
  for (const item of await itemsNow(site)) {
    const outcome = await runUse({ ...site, item, name: nameOf(site, item) })
    if (outcome.status === 'failed') return outcome
    for (const name of step.task.variables?.(step.args) ?? []) {
      run.values.set(session.host.name, name, outcome.result[name] ?? null)
    }
    changed ||= outcome.status === 'changed'
    results.push(outcome.result)
  }
  if (step.register !== undefined) {
    const value = step.loop === undefined ? (results[0] ?? null) : { results, changed }
    run.values.set(session.host.name, step.register, value)
  }
  return undefined
}

function nameOf(site: { step: Step; play: Play; session: Session; run: RunContext }, item?: Json): StepName {
  const { step, play } = site
  const name: StepName = { play: play.index, number: step.number, name: step.name, task: step.task.name }
  if (play.handlers.includes(step)) name.handler = true
  try {
    const bound = bind(step, contextOf(site, item))
    return { ...name, name: bound.name, item: bound.label }
  } catch {
    // What is wrong with it shows when the step itself is bound.
    return name
  }
}
