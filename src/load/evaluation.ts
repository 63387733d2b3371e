import { processSecrets } from '../base/redact.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { prepareArgs, type StepFault } from './check/args.ts'
import type { BindContext, Bound, Decided, LoopItems } from './bind.ts'
import { evaluateExpression } from './template/evaluate.ts'
import { isLate, LATE } from '../core/late.ts'
import { lateItem, sampleOf } from './check/lateshapes.ts'
import type { Program, Step } from './program.ts'
import { render } from './template/render.ts'
import { Scope } from './scope.ts'
import { parseExpression } from './template/template.ts'
import { TemplateError } from './template/templateerror.ts'
import { pointerKey } from './yaml/plaindata.ts'
import { describe, isMapping } from './template/values.ts'

export type ReportFault = (fault: StepFault) => void

/** What a step came to on a host, when that can't change during the run: steps are bound many times. */
const settled = new WeakMap<Program, WeakMap<Step, Map<string, Bound>>>()

function settledOf(step: Step, program: Program): Map<string, Bound> {
  const steps = settled.get(program) ?? new WeakMap<Step, Map<string, Bound>>()
  const bounds = steps.get(step) ?? new Map<string, Bound>()
  settled.set(program, steps.set(step, bounds))
  return bounds
}

/** Whether a step without items is known to come to the same on every host. */
export function isSettledEverywhere(step: Step, { program }: BindContext): boolean {
  return settledOf(step, program).has(EVERYWHERE)
}

const EVERYWHERE = ''

/** Evaluates all of a step on one host; each mistake goes to `report`, and what it spoils counts as not known yet. */
export function evaluateStep(step: Step, context: BindContext, report: ReportFault): Bound {
  const bounds = settledOf(step, context.program)
  const { item, outerItems } = context
  const everywhere =
    item === undefined && outerItems === undefined ? EVERYWHERE : JSON.stringify([item, outerItems])
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
  const when = evaluateWhen(step.when, 'when', scope, report)
  if (when === false) {
    const name = nameOf(step, scope, () => undefined)
    return { state: 'ready', when, name, args: {}, secrets: [], environment: {} }
  }
  let faults = 0
  const counted: ReportFault = (fault) => {
    faults++
    report(fault)
  }
  const given = renderAt(step.args, scope, counted, `/${step.task.name}`) as JsonObject
  const { args, secrets } = prepareArgs(step.task, given, {
    program: context.program,
    names: scope,
    written: step.args,
    folders: step.folders,
    report: counted,
  })
  // A name made from an argument would only repeat its mistake.
  const name = nameOf(step, scope, faults > 0 ? () => undefined : report)
  const label = context.item === undefined ? undefined : labelOf(step, context.item, scope, report)
  const environment = environmentOf(step, scope, report)
  const delegate = delegateOf(step, scope, report)
  const bound = { name, label, args, secrets, environment, delegate }
  if (when === LATE || isLate([args, environment, delegate]))
    return { ...bound, state: 'late', when, missing: scope.missing }
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
  const seen = sampleOf(loop) ?? loop
  if (faults.length === 0 && (isLate(seen) || Array.isArray(seen)))
    return { state: 'late', missing: scope.missing, item: lateItem(loop) }
  if (faults.length === 0) faults.push(notList(seen))
  return noItems(step, context, faults, report)
}

function notList(loop: Json): StepFault {
  const isName = typeof loop === 'string' && /^[A-Za-z_][\w.]*$/.test(loop)
  const other = isName
    ? `write loop: "{{ ${loop} }}" for the variable`
    : 'write a list, or a template that gives one'
  const hint = isMapping(loop) ? 'use | dict2items' : other
  return { pointer: '/loop', message: `'loop' must be a list, not ${describe(loop)}`, hint }
}

/** A loop over what only some hosts have is fine when `when` leaves the others out. */
function noItems(step: Step, context: BindContext, faults: StepFault[], report: ReportFault): LoopItems {
  const ruledOut =
    evaluateWhen(step.when, 'when', scopeOf(step, { ...context, item: undefined }), () => undefined) === false
  if (!ruledOut) for (const fault of faults) report(fault)
  return { state: 'ready', items: [] }
}

function scopeOf(step: Step, context: BindContext): Scope {
  return new Scope(context, step, { play: context.play.index, number: step.number })
}

function renderAt(value: Json, scope: Scope, report: ReportFault, at: string): Json {
  return render(value, scope, (pointer, error) => report(faultOf(error, at + pointer)))
}

export function faultOf(error: TemplateError, pointer: string): StepFault {
  if (error.variable !== undefined)
    return { pointer, message: `${error.message} in the variable '${error.variable}'`, hint: error.hint }
  const offset = error.at?.line === 0 ? error.at.column : undefined
  return { pointer, message: error.message, hint: error.hint, offset }
}

/** What conditions over a step's result come to. */
export function evaluateConditions(
  step: Step,
  keyword: string,
  conditions: (string | boolean)[],
  context: BindContext,
  report: ReportFault,
): Decided {
  const scope = scopeOf(step, context)
  return { holds: evaluateWhen(conditions, keyword, scope, report), missing: scope.missing }
}

/** All conditions must hold; the first that is false decides, even after one that is not known yet. */
function evaluateWhen(
  conditions: (string | boolean)[],
  keyword: string,
  scope: Scope,
  report: ReportFault,
): boolean | typeof LATE {
  let result: true | typeof LATE = true
  for (const [index, condition] of conditions.entries()) {
    const pointer = keyword === 'until' ? '/until' : `/${keyword}/${index}`
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
    const given = evaluateExpression(parseExpression(source), scope)
    const value = sampleOf(given) ?? given
    if (isLate(value)) return LATE
    if (typeof value === 'boolean') return value
    report({
      pointer,
      message: `'${pointer.split('/')[1]}' must be true or false, not ${describe(value)}`,
      hint: conditionHint(value, source),
    })
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    report(faultOf(error, pointer))
  }
  return LATE
}

function conditionHint(value: Json, source: string): string {
  if (typeof value === 'string') return `compare it, e.g. ${source} == '...', or convert it with | bool`
  if (typeof value === 'number') return `compare it, e.g. ${source} > 0`
  return value === null ? `write: ${source} is not none` : `write: ${source} | length > 0`
}

/** Names with their texts; numbers and booleans are written as in YAML. */
function environmentOf(step: Step, scope: Scope, report: ReportFault): Record<string, string> {
  const given = renderAt(step.environment, scope, report, '/environment') as JsonObject
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    const pointer = `/environment/${pointerKey(name)}`
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      report({ pointer, message: `'${name}' can't be the name of an environment variable` })
    else if (value === null || typeof value === 'object')
      report({ pointer, message: `an environment variable is text, not ${describe(value)}` })
    else environment[name] = String(value)
  }
  return environment
}

function delegateOf(step: Step, scope: Scope, report: ReportFault): string | undefined {
  if (step.delegateTo === undefined) return undefined
  const name = renderAt(step.delegateTo, scope, report, '/delegate_to')
  if (isLate(name) || scope.isHost(name)) return name as string
  const message = `'delegate_to' must name a host of the inventory, or localhost; there is no ${JSON.stringify(name)}`
  report({ pointer: '/delegate_to', message, hint: scope.hostHint(name) })
  return LATE
}

function labelOf(step: Step, item: Json, scope: Scope, report: ReportFault): string {
  if (step.label !== undefined) return shown(renderAt(step.label, scope, report, '/loop_control/label'))
  // A secret that is cut short could not be masked any more.
  const text = processSecrets.mask(shown(nameOfItem(item)))
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** Of a mapping what tells it from the others, as in lists of users and pairs of dict2items. */
function nameOfItem(item: Json): Json {
  const name = isMapping(item) ? (item.name ?? item.key) : undefined
  return typeof name === 'string' && name !== '' && !isLate(name) ? name : item
}

function shown(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replaceAll(LATE, '…').replaceAll(JSON.stringify(LATE).slice(1, -1), '…')
}
