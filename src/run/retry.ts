import { CommandError, Interrupted, TaskError } from '../core/errors.ts'
import type { Retry } from '../load/program.ts'
import { LATE } from '../core/late.ts'
import { decideNow } from './binding.ts'
import { NOTHING, type Outcome, OutcomeUnknown } from './outcome.ts'
import { pause } from './pause.ts'
import type { Use } from './step.ts'
import { Stopped } from './waits.ts'

type Attempt = (use: Use, again: boolean) => Promise<Outcome>

/** Tries a use until its result is as it should be, as often as the step says. Never rejects. */
export async function persist(use: Use, attempt: Attempt): Promise<Outcome> {
  const { retry } = use.step
  let outcome = await attempt(use, false)
  if (retry === undefined) return outcome
  const made = [...outcome.changes]
  for (let tries = 1; ; tries++) {
    const why = await notYet(use, outcome, retry)
    if (why === undefined) return afterAll(use, counted(outcome, tries), made)
    if (use.run.mode === 'check') return untold(outcome, why, retry)
    if (tries > retry.retries || !mayHelp(outcome.error)) return givenUp(counted(outcome, tries), why, tries)
    const interrupted = await waitFor(use, retry, tries, why)
    if (interrupted !== undefined) return { ...outcome, status: 'failed', error: interrupted, tries }
    outcome = await attempt(use, true)
    made.push(...outcome.changes)
  }
}

/** Why it has to be tried again; undefined when it has not. */
async function notYet(use: Use, outcome: Outcome, { until }: Retry): Promise<string | undefined> {
  const { status, result, error } = outcome
  if (status === 'skipped' || status === 'unknown') return undefined
  const failed = status === 'failed' ? wordsOf(error) : undefined
  if (until === undefined || (failed !== undefined && !mayHelp(error))) return failed
  try {
    const holds = await decideNow(use, 'until', [until], result)
    if (holds === true) return undefined
    return failed ?? (holds === LATE ? 'its result is not known yet' : `'until' does not hold: ${until}`)
  } catch (fault) {
    // An expression about what a failed try has not told.
    return failed ?? wordsOf(fault)
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Never after a broken connection: what it was doing may have been done. */
function mayHelp(error: unknown): boolean {
  if (error === undefined || error instanceof CommandError) return true
  return error instanceof TaskError && !(error instanceof OutcomeUnknown)
}

/** Resolves with the interruption that came in between. */
async function waitFor(use: Use, retry: Retry, tries: number, why: string): Promise<Error | undefined> {
  const { run, session, name } = use
  if (run.halted !== undefined) return new Stopped()
  const seconds = retry.delay * retry.backoff ** (tries - 1)
  const all = retry.retries + 1
  const message = `try ${tries} of ${all}: ${use.step.noLog ? 'not yet' : why}; again in ${Math.round(seconds * 10) / 10} s`
  run.emit({ type: 'step-progress', host: session.host.name, step: name, message })
  return pause(seconds * 1000, run.signal).then(
    () => undefined,
    () => new Interrupted(),
  )
}

function counted(outcome: Outcome, tries: number): Outcome {
  return { ...outcome, tries, result: { ...outcome.result, attempts: tries } }
}

/** What earlier tries have changed was changed, though the last one found nothing to do; unless the step decides. */
function afterAll({ step }: Use, outcome: Outcome, made: Outcome['changes']): Outcome {
  const decided = step.changedWhen.length > 0
  if (outcome.status !== 'ok' || made.length === 0 || decided) return outcome
  return { ...outcome, status: 'changed', changes: made, result: { ...outcome.result, changed: true } }
}

function givenUp(outcome: Outcome, why: string, tries: number): Outcome {
  if (outcome.status === 'failed') return outcome
  const error = new TaskError(`after ${tries} ${tries === 1 ? 'try' : 'tries'} ${why}`)
  return { ...outcome, status: 'failed', error, result: { ...outcome.result, failed: true, msg: why } }
}

/** A check does not wait. */
function untold(outcome: Outcome, why: string, { retries }: Retry): Outcome {
  if (outcome.status === 'changed')
    return { ...outcome, certainty: 'provisional', result: { ...outcome.result, attempts: LATE } }
  const message = `not yet, and is tried up to ${retries + 1} times when applied (now: ${why})`
  return { ...NOTHING, status: 'unknown', certainty: 'provisional', message }
}
