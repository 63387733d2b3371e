import { ConnectError, NoSuchUser, TaskError, Unforeseen } from '../core/errors.ts'
import type { StepName } from '../core/event.ts'
import { becomeOn } from '../core/host.ts'
import type { Json } from '../core/json.ts'
import type { Change, Probe } from '../core/task.ts'
import type { Bound } from '../load/bind.ts'
import { LATE } from '../core/late.ts'
import { bindNow, type Site } from './binding.ts'
import { canBeTaken, lacksChoice, looksAhead, probesOf } from './lookahead.ts'
import { exportsOf, factsOf, looksOf } from './observe.ts'
import { NOTHING, type Outcome, untold } from './outcome.ts'
import { mayBecome, rehearse } from './rehearse.ts'
import { reportEnd } from './reporting.ts'
import { failedResult, resultOf, type Seen } from './result.ts'
import { persist } from './retry.ts'
import { maskAll } from './secrecy.ts'
import { carryOut } from './carryout.ts'
import { judge } from './verdict.ts'

/** One use of a task for one host: a step, or one item of a step that loops. */
export interface Use extends Site {
  name: StepName
  item?: Json
  /** What becomes of a failure. */
  handled?: 'ignored' | 'rescued'
}

/** Runs one use and reports it. Never rejects. */
export async function runUse(use: Use): Promise<Outcome> {
  const { run, session, name } = use
  const start = Date.now()
  run.emit({ type: 'step-start', host: session.host.name, step: name })
  const outcome = await persist(use, attempt)
  reportEnd(use, outcome, start)
  return outcome
}

/** One try: binds the step, makes it hold on the host that it runs on, and judges the result. Never rejects. */
async function attempt(use: Use, again: boolean): Promise<Outcome> {
  const planned: Change[] = []
  let seen: Seen | undefined
  const settle = (bound: Bound): Promise<Outcome> => {
    const at = (seen = lookAt(use, bound))
    return onItsHost(use, at, () => converge(use, at, planned, again))
  }
  let outcome: Outcome
  try {
    const bound = await bindNow(use)
    outcome = notDue(bound) ?? (await settle(bound))
  } catch (error) {
    const result = failedResult(error, planned, seen)
    outcome = { ...NOTHING, status: 'failed', changes: planned, result, error }
  }
  return judge(use, outcome)
}

/** What is left out, and what can't be told to be left out or not. */
function notDue({ when }: Bound): Outcome | undefined {
  if (when === false) return { ...NOTHING, status: 'skipped', result: { ...NOTHING.result, skipped: true } }
  return when === LATE ? untold() : undefined
}

function lookAt(use: Use, bound: Bound): Seen {
  const { step, run, session } = use
  maskAll(step, bound, run.redactor)
  const there = bound.delegate === undefined ? session : run.session(bound.delegate)
  const runAs = { become: becomeOn(there.host, step.become), exports: exportsOf(bound.environment) }
  return { step, bound, probes: {}, runAs, session: there }
}

/** What another host does for this one fails this one when that host can't be reached. */
async function onItsHost<T>({ session }: Use, seen: Seen, work: () => Promise<T>): Promise<T> {
  const doing = seen.session.exclusively(work)
  if (seen.session === session) return doing
  return doing.catch((error) => {
    if (!(error instanceof ConnectError)) throw error
    throw new TaskError(
      `${seen.session.host.name}, which does it for this host: ${error.message}`,
      error.hint,
    )
  })
}

/** Look, plan, settle, look again, plan again: the loop that check and apply share. */
async function converge(use: Use, seen: Seen, planned: Change[], again: boolean): Promise<Outcome> {
  const { step, run } = use
  const { bound, runAs, session } = seen
  try {
    seen.probes = probesOf(step, bound)
    const looks = looksOf(seen.probes, runAs)
    if (run.mode === 'check' && (!looks.every(canBeTaken) || lacksChoice(step, bound))) return untold()
    if (again) session.forget(looks)
    else if (isOutdated(use, seen)) session.forget()
    await session.look(looks, () => aheadOf(use, seen))
    planned.push(...step.task.plan(bound.args, factsOf(seen.probes, runAs, session)))
  } catch (error) {
    if (error instanceof Unforeseen) return untold()
    if (run.mode === 'check' && mayPass(error, use, seen)) return untold((error as Error).message)
    throw error
  }
  if (planned.length === 0 && isUnforeseen(seen)) return untold()
  const sure = certaintyOf(use, seen)
  // What it has told is used by steps that follow.
  if (step.register !== undefined && isReadTooEarly(use, seen)) session.provisional = true
  if (run.mode === 'check' && !mayBeGone(use, seen)) await rehearse(seen, planned)
  if (planned.length > 0) await carryOut(use, seen, planned)
  const isPartOfOthers = planned.length > 0 && isOnlyWaiting(planned) && run.changes > 0
  const changes = isPartOfOthers ? [] : planned
  const result = resultOf(seen, changes, run.mode)
  const certainty = isPartOfOthers && run.mode === 'check' ? 'provisional' : sure
  // A result of that name is what the step has to say, as of the task debug.
  const message = typeof result.message === 'string' ? result.message : undefined
  return { status: changes.length > 0 ? 'changed' : 'ok', certainty, changes, result, message }
}

/** To wait for what changes before have set going is part of those; how much of it is left is a matter of chance. */
function isOnlyWaiting(planned: Change[]): boolean {
  return planned.every(({ actions }) => actions.every((action) => action.do === 'wait'))
}

/** What was seen of a host that only helps out may be otherwise since this one, or yet another, was changed. */
function isOutdated({ run, session: own }: Use, { session }: Seen): boolean {
  if (run.mode !== 'apply' || session === own || session.seenAtChange === run.changes) return false
  session.seenAtChange = run.changes
  return true
}

/** What the host will be asked next; of a host that only helps out nothing is known. */
export function aheadOf(use: Use, { session }: Seen) {
  return session === use.session ? looksAhead(use) : []
}

/** Whether the failure of a check may be none for who applies: what was planned before would have been done by then. */
function mayPass(error: unknown, use: Use, seen: Seen): boolean {
  if (error instanceof NoSuchUser) return seen.session.provisional || mayBecome(error.user, seen)
  return error instanceof TaskError && mayBeGone(use, seen)
}

/** A refusal may be gone once something opaque before it has happened; a gate is asked once all changes are made. */
function mayBeGone(use: Use, seen: Seen): boolean {
  const { play, step, run } = use
  return isProvisional(use, seen) || (play.gate.includes(step) && run.changes > 0)
}

function isProvisional(use: Use, seen: Seen): boolean {
  const { session, bound } = seen
  if (session.provisional || bound.state === 'late') return true
  return isUnforeseen(seen) || isReadTooEarly(use, seen)
}

/** Whether a command of the user's has looked in a check while changes before it were not made. */
function isReadTooEarly({ run }: Use, { probes, runAs, session }: Seen): boolean {
  if (run.mode !== 'check' || (session.predictions.isEmpty && !run.changedBefore)) return false
  return looksOf(probes, runAs).some((look) => isReading(look.probe) && !session.isPredicted(look))
}

function isReading({ personal, script }: Probe): boolean {
  return personal === true && script !== ''
}

/** Whether what it looks at may be otherwise by then, and nobody can tell how. */
function isUnforeseen({ probes, runAs, session }: Seen): boolean {
  return looksOf(probes, runAs).some((look) => session.predictions.isUnforeseen(look))
}

/** Observed, unless a fact comes from a planned change or something opaque would have happened before. */
function certaintyOf(use: Use, seen: Seen): Outcome['certainty'] {
  const { session, probes, runAs } = seen
  if (isProvisional(use, seen)) return 'provisional'
  return looksOf(probes, runAs).some((look) => session.isPredicted(look)) ? 'predicted' : 'observed'
}
