import { processSecrets } from '../base/redact.ts'
import { ConnectError, Interrupted } from '../core/errors.ts'
import type { StepName } from '../core/event.ts'
import type { Json } from '../core/json.ts'
import type { Step } from '../load/program.ts'
import { boundName, type Site } from './binding.ts'
import { NOTHING, type Outcome, UNTOLD } from './outcome.ts'
import { failedResult } from './result.ts'
import { reportEnd } from './reporting.ts'
import { Stopped } from './waits.ts'
import type { Ended, Walk } from './walk.ts'

/** Why a host goes no further after an outcome; undefined when it does. */
export function endOf({ status, error, result }: Outcome, name: StepName, step: Step): Ended | undefined {
  if (status !== 'failed') return undefined
  if (error instanceof Interrupted) return { state: 'interrupted' }
  if (error instanceof Stopped) return { state: 'stopped' }
  if (error instanceof ConnectError) return { state: 'unreachable' }
  return step.ignoreErrors ? undefined : { state: 'failed', failed: { step: name, result } }
}

export function handledBy(step: Step, { rescued }: Walk): 'ignored' | 'rescued' | undefined {
  if (step.ignoreErrors) return 'ignored'
  return rescued ? 'rescued' : undefined
}

/** Reports a step that fails before it can be run at all. */
export function failAtOnce(step: Step, walk: Walk, error: Error): { outcome: Outcome; ended?: Ended } {
  const name = nameOf({ ...walk, step })
  const outcome: Outcome = { ...NOTHING, status: 'failed', result: failedResult(error), error }
  report(step, walk, outcome)
  return { outcome, ended: endOf(outcome, name, step) }
}

/** Reports a step whose items only applying can tell. */
export function leaveOpen(step: Step, walk: Walk): Outcome {
  const outcome: Outcome = { ...NOTHING, status: 'unknown', certainty: 'provisional', message: UNTOLD }
  report(step, walk, outcome)
  return outcome
}

function report(step: Step, walk: Walk, outcome: Outcome): void {
  const name = nameOf({ ...walk, step })
  // A host that stops while it waits has not come to the step.
  if (outcome.error instanceof Stopped) return
  walk.run.emit({ type: 'step-start', host: walk.session.host.name, step: name })
  reportEnd({ ...walk, step, name, handled: handledBy(step, walk) }, outcome, Date.now())
}

/** A use of a step as events name it, as far as it can be told by now. */
export function nameOf(site: Site, item?: Json): StepName {
  const { step, play, outerItems = {} } = site
  const name: StepName = { play: play.index, number: step.number, name: step.name, task: step.task.name }
  if (play.handlers.includes(step)) name.handler = true
  if (play.gate.includes(step)) name.gate = true
  const { label, delegate, text = name.name } = boundName(site, item)
  const labels = [...Object.values(outerItems).map(shown), ...(label === undefined ? [] : [label])]
  if (delegate !== undefined && delegate !== site.session.host.name) name.delegate = delegate
  return labels.length === 0 ? { ...name, name: text } : { ...name, name: text, item: labels.join(', ') }
}

function shown(item: Json): string {
  // A secret that is cut short could not be masked any more.
  const text = processSecrets.mask(typeof item === 'string' ? item : JSON.stringify(item))
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
