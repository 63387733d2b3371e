import { unifiedDiff } from '../base/diff.ts'
import { CommandError, TaskError } from '../core/errors.ts'
import type { Failure, ShownChange } from '../core/event.ts'
import type { Change } from '../core/task.ts'
import { LATE } from '../core/late.ts'
import { failureOf } from './failure.ts'
import type { Outcome } from './outcome.ts'
import type { Use } from './step.ts'

/** Reports what a use has come to; of a step that is not to be logged only what it did and whether it failed. */
export function reportEnd(use: Omit<Use, 'item'>, outcome: Outcome, start: number): void {
  const { run, session, name, step, handled } = use
  const { status, certainty, changes, result, message, error, tries } = outcome
  const failure = error === undefined ? undefined : failureOf(error, step.place)
  const said = step.noLog ? { failure: failure && bare(failure) } : told({ result, message, failure })
  const expected = error instanceof TaskError || error instanceof CommandError
  run.emit({
    type: 'step-end',
    host: session.host.name,
    step: name,
    status,
    certainty,
    changes: changes.map((change) => shown(change, step.noLog)),
    ...said,
    handled: expected ? handled : undefined,
    tries: tries === 1 ? undefined : tries,
    ms: Date.now() - start,
  })
}

function shown({ summary, diff, opaque, repeats }: Change, noLog: boolean): ShownChange {
  const shownDiff = diff && !noLog ? unifiedDiff(diff.title, diff.before, diff.after) : undefined
  return told({ summary, diff: shownDiff, opaque, repeats })
}

/** What only applying can tell has no words yet; in JSON that a task has made of it, it is escaped. */
function told<T>(value: T): T {
  return isTold(value) ? value : spelled(value)
}

function isTold(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes(LATE) && !value.includes(ESCAPED)
  if (typeof value !== 'object' || value === null) return true
  for (const key in value) if (!isTold((value as Record<string, unknown>)[key])) return false
  return true
}

function spelled<T>(value: T): T {
  if (typeof value === 'string') return value.replaceAll(LATE, '…').replaceAll(ESCAPED, '…') as T
  if (Array.isArray(value)) return value.map(spelled) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, spelled(one)])) as T
}

const ESCAPED = JSON.stringify(LATE).slice(1, -1)

/** The message and the exit code; what was run and what it said stay untold. */
function bare({ command: _command, stderr: _stderr, ...failure }: Failure): Failure {
  return failure
}
