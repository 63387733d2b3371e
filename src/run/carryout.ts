import { TaskError } from '../core/errors.ts'
import type { Change } from '../core/task.ts'
import { linesOf } from './lines.ts'
import { recordPending } from './notify.ts'
import { factsOf, looksOf } from './observe.ts'
import { OutcomeUnknown } from './outcome.ts'
import type { Seen } from './result.ts'
import { apply, predict } from './settle.ts'
import { aheadOf, type Use } from './step.ts'

/** Makes planned changes, or writes down in a check what they would leave; rejects when they did not lead there. */
export async function carryOut(use: Use, seen: Seen, planned: Change[]): Promise<void> {
  const { step, run } = use
  const { session, probes, runAs, bound } = seen
  const looks = looksOf(probes, runAs)
  const { context, flush } = contextOf(use, seen)
  if (run.mode === 'check') {
    const { provisional } = session
    await predict(planned, looks, () => [], context)
    // Its author says that it changes nothing: so nothing after it is less certain.
    if (step.changedWhen.includes(false)) session.provisional = provisional
    return
  }
  await recordPending(use)
  const { lost } = await apply(planned, looks, () => aheadOf(use, seen), context).finally(flush)
  const left = step.task.plan(bound.args, factsOf(probes, runAs, session)) as Change[]
  const remaining = left.filter((change) => !change.repeats)
  if (lost !== undefined && (remaining.length > 0 || planned.some((change) => change.repeats))) {
    throw new OutcomeUnknown(
      `${lost.message}; whether it was done is unknown`,
      'look at the host, then run the playbook again',
    )
  }
  if (remaining.length > 0) throw notConverged(remaining)
}

function contextOf(use: Use, { session, runAs }: Seen) {
  const { step, run, name } = use
  const host = use.session.host.name
  const output = linesOf((stream, text) => {
    if (!step.noLog) run.emit({ type: 'step-output', host, step: name, stream, text })
  })
  const context = {
    session,
    runAs,
    timeout: step.timeout,
    signal: run.signal,
    onOutput: output.push,
    onProgress: (message: string) => {
      if (!step.noLog) run.emit({ type: 'step-progress', host, step: name, message })
    },
  }
  return { context, flush: output.flush }
}

function notConverged(remaining: Change[]): TaskError {
  const list = remaining.map((change) => change.summary).join('; ')
  const paths = remaining.flatMap(({ effects }) =>
    effects.flatMap(({ key }) => /^file:(.*)/s.exec(key)?.[1] ?? []),
  )
  const where = paths.length === 0 ? '' : ` (${[...new Set(paths)].join(', ')})`
  const hint = `what was run reported no failure, but did not lead to what it was to leave${where}`
  return new TaskError(`did not converge: after the change there is still to do: ${list}`, hint)
}
