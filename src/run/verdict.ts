import { CommandError, TaskError } from '../core/errors.ts'
import { LATE } from '../core/late.ts'
import { decideNow } from './binding.ts'
import { notify, withdraw } from './notify.ts'
import { type Outcome, OutcomeUnknown, untold } from './outcome.ts'
import { failedResult } from './result.ts'
import { maskResult } from './secrecy.ts'
import type { Use } from './step.ts'

/** What an outcome counts as: the step's own conditions decide in the task's place. Never rejects. */
export async function judge(use: Use, given: Outcome): Promise<Outcome> {
  const { step, run } = use
  const decides = step.failedWhen.length + step.changedWhen.length > 0
  const outcome = decides ? await decided(use, given) : given
  if (step.noLog) maskResult(outcome.result, run.redactor)
  await follow(use, given, outcome)
  return outcome
}

async function decided(use: Use, given: Outcome): Promise<Outcome> {
  let outcome = given
  try {
    outcome = await judgeFailure(use, outcome)
    return outcome.status === 'failed' ? outcome : await judgeChange(use, outcome)
  } catch (error) {
    // Conditions over what a failure has not told leave that failure as it is.
    if (given.status === 'failed') return outcome
    const result = { ...given.result, ...failedResult(error, given.changes) }
    return { ...given, status: 'failed', error, result }
  }
}

/** What a change brings about: handlers, and doubt about what other hosts have seen before. */
async function follow(use: Use, given: Outcome, { status, changes }: Outcome): Promise<void> {
  const made = status === 'failed' ? changes.length > 0 : status === 'changed'
  if (made) {
    use.run.changes++
    notify(use)
  } else if (given.changes.length > 0) await withdraw(use)
}

function isDecided({ status }: Outcome): boolean {
  return status === 'skipped' || status === 'unknown'
}

async function judgeFailure(use: Use, outcome: Outcome): Promise<Outcome> {
  const { failedWhen } = use.step
  const { error, changes, result } = outcome
  if (failedWhen.length === 0 || isDecided(outcome) || !isJudged(error)) return outcome
  const holds = await decideNow(use, 'failed_when', failedWhen, result)
  if (holds === LATE) return { ...outcome, certainty: 'provisional' }
  if (!holds) {
    const status = changes.length > 0 ? 'changed' : 'ok'
    return { ...outcome, status, error: undefined, result: { ...result, failed: false } }
  }
  const words = new TaskError(`'failed_when' holds: ${failedWhen.join(' and ')}`, toldBy(outcome))
  if (use.run.mode === 'check' && outcome.certainty === 'provisional') return untold(words.message)
  return {
    ...outcome,
    status: 'failed',
    error: error ?? words,
    result: { msg: words.message, ...result, failed: true },
  }
}

/** Neither a lost connection nor a bug is anything the step could decide. */
function isJudged(error: unknown): boolean {
  if (error === undefined || error instanceof CommandError) return true
  return error instanceof TaskError && !(error instanceof OutcomeUnknown)
}

function toldBy({ result }: Outcome): string | undefined {
  const { rc, stderr } = result
  const last = typeof stderr === 'string' ? stderr.trim().split('\n').at(-1) : ''
  if (typeof rc !== 'number') return undefined
  return `the command ended with exit code ${rc}${last ? `: ${last}` : ''}`
}

async function judgeChange(use: Use, outcome: Outcome): Promise<Outcome> {
  const { changedWhen } = use.step
  if (changedWhen.length === 0 || isDecided(outcome)) return outcome
  const holds = await decideNow(use, 'changed_when', changedWhen, outcome.result)
  if (holds === LATE) return { ...outcome, certainty: 'provisional' }
  const { changes, result } = outcome
  return {
    ...outcome,
    status: holds ? 'changed' : 'ok',
    changes: holds ? changes : [],
    result: { ...result, changed: holds },
  }
}
