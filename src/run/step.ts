import { TaskError } from '../core/errors.ts'
import type { Certainty, ShownChange, StepName, StepStatus } from '../core/event.ts'
import type { Json } from '../core/json.ts'
import type { Change, Probes } from '../core/task.ts'
import { unifiedDiff } from '../base/diff.ts'
import type { Bound } from '../load/bind.ts'
import { LATE } from '../load/late.ts'
import type { Play, Step } from '../load/program.ts'
import { bindNow } from './binding.ts'
import type { RunContext } from './context.ts'
import { failureOf } from './failure.ts'
import { linesOf } from './lines.ts'
import { looksAhead, looksOf } from './lookahead.ts'
import { factKey, factsOf } from './observe.ts'
import { notify, recordPending } from './notify.ts'
import type { Session } from './session.ts'
import { apply, predict } from './settle.ts'

/** One use of a task on one host: a step, or one item of a step that loops. */
export interface Use {
  step: Step
  play: Play
  session: Session
  run: RunContext
  name: StepName
  item?: Json
}

export interface Outcome {
  status: StepStatus
  certainty: Certainty
  changes: Change[]
  result: Record<string, Json>
  message?: string
  /** Why it failed. */
  error?: unknown
}

/** Runs one use and reports it. Never rejects. */
export async function runUse(use: Use): Promise<Outcome> {
  const { run, session, name, step } = use
  const host = session.host.name
  const start = Date.now()
  run.emit({ type: 'step-start', host, step: name })
  const end = (outcome: Outcome): Outcome => {
    run.emit({
      type: 'step-end',
      host,
      step: name,
      status: outcome.status,
      certainty: outcome.certainty,
      changes: outcome.changes.map(shown),
      result: outcome.result,
      message: outcome.message,
      failure: outcome.error === undefined ? undefined : failureOf(outcome.error, step.place),
      ms: Date.now() - start,
    })
    return outcome
  }
  const changes: Change[] = []
  try {
    return end(await converge(use, changes))
  } catch (error) {
    return end({
      ...NOTHING,
      status: 'failed',
      changes,
      result: { failed: true, changed: changes.length > 0 },
      error,
    })
  }
}

const NOTHING: Outcome = { status: 'ok', certainty: 'observed', changes: [], result: { changed: false } }
const UNTOLD = 'can be told only after the steps before it have been applied'

/** Look, plan, settle, look again, plan again: the loop that check and apply share. */
async function converge(use: Use, planned: Change[]): Promise<Outcome> {
  const { step, session, run } = use
  const bound = await bindNow(use)
  if (bound.when === false)
    return { ...NOTHING, status: 'skipped', result: { skipped: true, changed: false } }
  if (bound.when === LATE) return { ...NOTHING, status: 'unknown', certainty: 'provisional', message: UNTOLD }
  for (const secret of bound.secrets) run.redactor.add(secret)
  let probes: Probes
  try {
    probes = step.task.probes(bound.args)
    await session.look(looksOf(probes, step.become), () => looksAhead(use))
    planned.push(...step.task.plan(bound.args, factsOf(probes, step.become, session.facts)))
  } catch (error) {
    // On a host where something opaque would have happened before, a refusal may be gone once it has happened.
    if (
      run.mode === 'check' &&
      error instanceof TaskError &&
      (session.provisional || bound.state === 'late')
    ) {
      return {
        ...NOTHING,
        status: 'unknown',
        certainty: 'provisional',
        message: `${UNTOLD} (now: ${error.message})`,
      }
    }
    throw error
  }
  const certainty = certaintyOf(use, probes)
  if (planned.length > 0) await settle(use, bound, probes, planned)
  const status = planned.length > 0 ? 'changed' : 'ok'
  const result = resultOf(use, bound, probes, planned)
  // A result of that name is what the step has to say, as of the task debug.
  const message = typeof result.message === 'string' ? result.message : undefined
  return { status, certainty, changes: planned, result, message }
}

async function settle(use: Use, bound: Bound, probes: Probes, planned: Change[]): Promise<void> {
  const { step, session, run, name } = use
  const host = session.host.name
  const output = linesOf((stream, text) => run.emit({ type: 'step-output', host, step: name, stream, text }))
  const context = {
    session,
    become: step.become,
    timeout: step.timeout,
    signal: run.signal,
    onOutput: output.push,
    onProgress: (message: string) => run.emit({ type: 'step-progress', host, step: name, message }),
  }
  run.changes++
  if (run.mode === 'check') {
    await predict(planned, looksOf(probes, step.become), () => [], context)
    notify(use)
    return
  }
  await recordPending(use)
  notify(use)
  const looks = looksOf(probes, step.become)
  const { lost } = await apply(planned, looks, () => looksAhead(use), context).finally(output.flush)
  const left = step.task.plan(bound.args, factsOf(probes, step.become, session.facts)) as Change[]
  const remaining = left.filter((change) => !change.repeats)
  if (lost !== undefined && (remaining.length > 0 || planned.some((change) => change.repeats))) {
    throw new TaskError(
      `${lost.message}; whether it was done is unknown`,
      'look at the host, then run the playbook again',
    )
  }
  if (remaining.length > 0) throw notConverged(remaining)
}

function notConverged(remaining: Change[]): TaskError {
  const list = remaining.map((change) => change.summary).join('; ')
  return new TaskError(`did not converge: after the change there is still to do: ${list}`)
}

/** Observed, unless a fact comes from a planned change or something opaque would have happened before. */
function certaintyOf({ session, step }: Use, probes: Probes): Certainty {
  if (session.provisional) return 'provisional'
  const looks = looksOf(probes, step.become)
  return looks.some((look) => session.predicted.has(factKey(look))) ? 'predicted' : 'observed'
}

/** The register of a step; what only applying can tell is marked so. */
function resultOf(
  { step, session }: Use,
  bound: Bound,
  probes: Probes,
  planned: Change[],
): Record<string, Json> {
  const changed = planned.length > 0
  if (step.task.result === undefined) return { changed }
  const facts = factsOf(probes, step.become, session.facts)
  const own = Object.entries(step.task.result(bound.args, facts) as Record<string, Json | undefined>)
  return { ...Object.fromEntries(own.map(([key, value]) => [key, value ?? LATE])), changed }
}

function shown(change: Change): ShownChange {
  const diff = change.diff && unifiedDiff(change.diff.title, change.diff.before, change.diff.after)
  return { summary: change.summary, diff, opaque: change.opaque, repeats: change.repeats }
}
