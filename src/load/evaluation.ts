import { processSecrets } from '../base/redact.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { prepareArgs, type StepFault } from './args.ts'
import type { BindContext, Bound, LoopItems } from './bind.ts'
import { evaluateExpression } from './evaluate.ts'
import { isLate, LATE } from './late.ts'
import type { Program, Step } from './program.ts'
import { render } from './render.ts'
import { Scope } from './scope.ts'
import { BEFORE_EXPRESSION, parseExpression } from './template.ts'
import { TemplateError } from './templateerror.ts'
import { describe, isMapping } from './values.ts'

export type ReportFault = (fault: StepFault) => void

/** What a step came to on a host, when that can't change during the run: steps are bound many times. */
const settled = new WeakMap<Program, Map<string, Bound>>()

/** Evaluates all of a step on one host; each mistake goes to `report`, and what it spoils counts as not known yet. */
export function evaluateStep(step: Step, context: BindContext, report: ReportFault): Bound {
  const bounds = settled.get(context.program) ?? new Map<string, Bound>()
  settled.set(context.program, bounds)
  const everywhere = `${context.play.index} ${step.number} ${JSON.stringify(context.item)}`
  const here = `${everywhere} ${context.host.name}`
  const known = bounds.get(everywhere) ?? bounds.get(here)
  if (known !== undefined) return known
  let faults = 0
  const scope = scopeOf(step, context)
  const bound = evaluateFresh(step, context, scope, (fault) => {
    faults++
    report(fault)
  })
  const { onHost, onTime } = scope.depends
  if (faults === 0 && !onTime && bound.state === 'ready') bounds.set(onHost ? here : everywhere, bound)
  return bound
}

function evaluateFresh(step: Step, context: BindContext, scope: Scope, report: ReportFault): Bound {
  const when = evaluateWhen(step, scope, report)
  if (when === false)
    return { state: 'ready', when, name: nameOf(step, scope, () => undefined), args: {}, secrets: [] }
  let faults = 0
  const counted: ReportFault = (fault) => {
    faults++
    report(fault)
  }
  const given = renderAt(step.args, scope, counted, `/${step.task.name}`) as JsonObject
  const { args, secrets } = prepareArgs(step.task, given, {
    program: context.program,
    names: scope,
    folders: step.folders,
    report: counted,
  })
  // A name made from an argument would only repeat its mistake.
  const name = nameOf(step, scope, faults > 0 ? () => undefined : report)
  const label = context.item === undefined ? undefined : labelOf(step, context.item, scope, report)
  const bound = { name, label, args, secrets }
  if (when === LATE || isLate(args)) return { ...bound, state: 'late', when, missing: scope.missing }
  return { ...bound, state: 'ready', when }
}

function nameOf(step: Step, scope: Scope, report: ReportFault): string {
  return shown(renderAt(step.name, scope, report, '/name'))
}

/** The items of a step's loop. What `when` rules out on this host without looking at an item has none. */
export function evaluateLoop(step: Step, context: BindContext, report: ReportFault): LoopItems {
  if (step.loop === undefined) return { state: 'ready', items: [] }
  const scope = scopeOf(step, context)
  const faults: StepFault[] = []
  const loop = renderAt(step.loop, scope, (fault) => faults.push(fault), '/loop')
  if (Array.isArray(loop))
    return faults.length > 0 ? noItems(step, context, faults, report) : { state: 'ready', items: loop }
  if (faults.length === 0 && isLate(loop)) return { state: 'late', missing: scope.missing }
  if (faults.length === 0) faults.push(notList(loop))
  return noItems(step, context, faults, report)
}

function notList(loop: Json): StepFault {
  const hint = isMapping(loop) ? 'use | dict2items' : 'write a list, or a template that gives one'
  return { pointer: '/loop', message: `'loop' must be a list, not ${describe(loop)}`, hint }
}

/** A loop over what only some hosts have is fine when `when` leaves the others out. */
function noItems(step: Step, context: BindContext, faults: StepFault[], report: ReportFault): LoopItems {
  const ruledOut =
    evaluateWhen(step, scopeOf(step, { ...context, item: undefined }), () => undefined) === false
  if (!ruledOut) for (const fault of faults) report(fault)
  return { state: 'ready', items: [] }
}

function scopeOf(step: Step, context: BindContext): Scope {
  return new Scope(context, step, { play: context.play.index, number: step.number })
}

function renderAt(value: Json, scope: Scope, report: ReportFault, at: string): Json {
  return render(value, scope, (pointer, error) => report(faultOf(error, at + pointer)))
}

export function faultOf(error: TemplateError, pointer: string, before = 0): StepFault {
  if (error.variable !== undefined)
    return { pointer, message: `${error.message} in the variable '${error.variable}'`, hint: error.hint }
  const offset = error.at?.line === 0 ? Math.max(0, error.at.column - before) : undefined
  return { pointer, message: error.message, hint: error.hint, offset }
}

/** All conditions must hold; the first that is false decides, even after one that is not known yet. */
function evaluateWhen(step: Step, scope: Scope, report: ReportFault): boolean | typeof LATE {
  let result: true | typeof LATE = true
  for (const [index, condition] of step.when.entries()) {
    const pointer = `/when/${index}`
    const value =
      typeof condition === 'boolean' ? condition : evaluateCondition(condition, scope, report, pointer)
    if (value === false) return false
    if (value === LATE) result = LATE
  }
  return result
}

function evaluateCondition(
  source: string,
  scope: Scope,
  report: ReportFault,
  pointer: string,
): boolean | typeof LATE {
  try {
    const value = evaluateExpression(parseExpression(source), scope)
    if (isLate(value)) return LATE
    if (typeof value === 'boolean') return value
    report({
      pointer,
      message: `'when' must be true or false, not ${describe(value)}`,
      hint: conditionHint(value, source),
    })
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    report(faultOf(error, pointer, BEFORE_EXPRESSION.length))
  }
  return LATE
}

function conditionHint(value: Json, source: string): string {
  if (typeof value === 'string') return `compare it, e.g. ${source} == '...', or convert it with | bool`
  if (typeof value === 'number') return `compare it, e.g. ${source} > 0`
  return value === null ? `write: ${source} is not none` : `write: ${source} | length > 0`
}

function labelOf(step: Step, item: Json, scope: Scope, report: ReportFault): string {
  if (step.label !== undefined) return shown(renderAt(step.label, scope, report, '/loop_control/label'))
  // A secret that is cut short could not be masked any more.
  const text = processSecrets.mask(shown(item))
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function shown(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replaceAll(LATE, '…').replaceAll(JSON.stringify(LATE).slice(1, -1), '…')
}
