import { TaskError } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { type Place, placeText } from '../core/place.ts'
import type { StepFault } from './check/args.ts'
import { evaluateConditions, evaluateLoop, evaluateStep } from './evaluation.ts'
import type { LATE } from '../core/late.ts'
import type { Block, Play, Program, Step } from './program.ts'

/** What became known during the run: registers and set facts. They are data and never evaluated as templates. */
export interface LiveValues {
  /** undefined: not known yet. May hold LATE for what a check can't tell. */
  get(host: string, name: string): Json | undefined
  /** Whether the step that registers it was left out there. */
  isMissed?(host: string, name: string): boolean
}

export interface BindContext {
  program: Program
  play: Play
  host: Host
  live: LiveValues
  /** Value of `check_mode`. */
  check: boolean
  /** What is not known yet is checked by what the tasks say of their results; so before a run, never in one. */
  typed?: true
  /** The current item of a step with a loop; absent without one. */
  item?: Json
  /** Items of the looping blocks around the step, by their names. */
  outerItems?: JsonObject
  /** What the step has come to, for the conditions over it. */
  result?: Json
}

/** A value of a host that no step has registered yet. */
export interface Missing {
  host: string
  name: string
}

interface BoundStep {
  name: string
  /** Label of the item, when there is one. */
  label?: string
  /** Values to mask wherever they would be shown. */
  secrets: string[]
  /** Set for everything that the step runs. */
  environment: Record<string, string>
  /** Name of the host that it runs on, when that is another one. */
  delegate?: string
  /** As the task takes them: defaults filled in, files looked up. Empty when the step is skipped. */
  args: any
}

/** `late`: args hold LATE, or `when` does; `missing` says what to wait for (nothing in a check that can't tell). */
export type Bound =
  | ({ state: 'ready'; when: boolean } & BoundStep)
  | ({ state: 'late'; when: true | typeof LATE; missing: Missing[] } & BoundStep)

export type LoopItems = { state: 'ready'; items: Json[] } | { state: 'late'; missing: Missing[]; item: Json }

/** What conditions over a step's result come to; `missing` says what to wait for when that is not known yet. */
export interface Decided {
  holds: boolean | typeof LATE
  missing: Missing[]
}

/** A step's arguments on one host. Throws TaskError, with the place in its message, when they can't be had. */
export function bind(step: Step, context: BindContext): Bound {
  return evaluateStep(step, context, (fault) => {
    throw asTaskError(step, fault)
  })
}

/** The items of a step with a loop on one host; a step without one has no items. Throws TaskError like bind. */
export function loopItems(step: Step, context: BindContext): LoopItems {
  return evaluateLoop(step, context, (fault) => {
    throw asTaskError(step, fault)
  })
}

/** The items of a looping block on one host. Throws TaskError like bind. */
export function blockItems(block: Block, context: BindContext): LoopItems {
  const { first, loop, loopVar, label } = block
  return loopItems({ ...first, loop, loopVar, label }, context)
}

/** Whether conditions over the result in `context` hold; `keyword` is where they are written. Throws TaskError like bind. */
export function decide(
  step: Step,
  keyword: 'changed_when' | 'failed_when' | 'until',
  conditions: (string | boolean)[],
  context: BindContext,
): Decided {
  return evaluateConditions(step, keyword, conditions, context, (fault) => {
    throw asTaskError(step, fault)
  })
}

/** Where a fault lies: where it says, or where the step's value was written. */
export function faultPlace(step: Step, fault: StepFault): Place {
  if (fault.place !== undefined) return fault.place
  const place = step.placeOf(fault.pointer)
  return { ...place, column: place.column + (fault.offset ?? 0) }
}

function asTaskError(step: Step, fault: StepFault): TaskError {
  return new TaskError(`${fault.message} (${placeText(faultPlace(step, fault))})`, fault.hint)
}
