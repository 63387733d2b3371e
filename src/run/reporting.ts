import { unifiedDiff } from '../base/diff.ts'
import { CommandError, TaskError } from '../core/errors.ts'
import type { Failure, ShownChange } from '../core/event.ts'
import type { Change } from '../core/task.ts'
import { LATE } from '../load/template/late.ts'
import { failureOf } from './failure.ts'
import type { Outcome } from './outcome.ts'
import type { Use } from './step.ts'

/** Reports what a use has come to; of a step that is not to be logged only what it did and whether it failed. */
export function reportEnd(use: Omit<Use, 'item'>, outcome: Outcome, start: number): void {
  const { run, session, name, step, handled } = use
  const { status, certainty, changes, result, message, error, tries } = outcome
  const failure = error === undefined ? undefined : failureOf(error, step.place)
  const told = step.noLog ? { failure: failure && bare(failure) } : { result, message, failure }
  const expected = error instanceof TaskError || error instanceof CommandError
  run.emit({
    type: 'step-end',
    host: session.host.name,
    step: name,
    status,
    certainty,
    changes: changes.map((change) => shown(change, step.noLog)),
    ...told,
    handled: expected ? handled : undefined,
    tries: tries === 1 ? undefined : tries,
    ms: Date.now() - start,
  })
}

function shown({ summary, diff, opaque, repeats }: Change, noLog: boolean): ShownChange {
  const shownDiff = diff && !noLog ? unifiedDiff(diff.title, diff.before, diff.after) : undefined
  return { summary: told(summary), diff: shownDiff && told(shownDiff), opaque, repeats }
}

/** What only applying can tell has no words yet. */
function told(text: string): string {
  return text.replaceAll(LATE, '…')
}

/** The message and the exit code; what was run and what it said stay untold. */
function bare({ command: _command, stderr: _stderr, ...failure }: Failure): Failure {
  return failure
}
