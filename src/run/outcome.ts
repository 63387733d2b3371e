import { TaskError } from '../core/errors.ts'
import type { Certainty, StepStatus } from '../core/event.ts'
import type { Json } from '../core/json.ts'
import type { Change } from '../core/task.ts'

/** What one use of a task has come to. */
export interface Outcome {
  status: StepStatus
  certainty: Certainty
  changes: Change[]
  result: Record<string, Json>
  message?: string
  /** Why it failed. */
  error?: unknown
  /** How often it was tried. */
  tries?: number
}

export const NOTHING: Outcome = {
  status: 'ok',
  certainty: 'observed',
  changes: [],
  result: { changed: false, failed: false, skipped: false },
}

export const UNTOLD = 'can be told only after the steps before it have been applied'

/** Of what a check can't tell; `now` is what stands against it as yet. */
export function untold(now?: string): Outcome {
  const message = now === undefined ? UNTOLD : `${UNTOLD} (now: ${now})`
  return { ...NOTHING, status: 'unknown', certainty: 'provisional', message }
}

/** The connection broke, and what was under way is neither known to be done nor to be undone. */
export class OutcomeUnknown extends TaskError {}
