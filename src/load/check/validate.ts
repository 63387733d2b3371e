import type { Host } from '../../core/host.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Diagnostic } from '../../core/place.ts'
import type { StepFault } from './args.ts'
import { type BindContext, faultPlace, type LiveValues } from '../bind.ts'
import {
  evaluateConditions,
  evaluateLoop,
  evaluateStep,
  faultOf,
  isSettledEverywhere,
} from '../evaluation.ts'
import { LATE } from '../../core/late.ts'
import { lateOf } from './lateshapes.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import type { Block, FlowNode, Play, Program, Step } from '../program.ts'
import { resultShape } from './registershapes.ts'
import { hasTemplate, parseExpression, parseTemplate } from '../template/template.ts'
import { TemplateError } from '../template/templateerror.ts'
import { isMapping } from '../template/values.ts'
import { writtenFaults } from './writtenargs.ts'

/** Names that may well be defined by what could not be read. */
export type Unsure = Pick<ReadonlySet<string>, 'has'>

/**
 * Evaluates every step for every host of its play, with what is known before the run; what is not counts as right.
 * The same mistake in a file that is included more than once is one mistake.
 */
export function validateProgram(program: Program, unsure: Unsure): Diagnostic[] {
  const live: LiveValues = { get: (_, name) => (unsure.has(name) ? LATE : undefined) }
  const seen = new Set<string>()
  const steps = program.plays.flatMap((play) => {
    const context: PlayContext = { program, play, live }
    return [...play.flow, ...play.handlers, ...play.gate].flatMap((node) => validateNode(node, context, []))
  })
  return steps.flatMap((found) => {
    const fresh = found.filter(({ place }) => !seen.has(JSON.stringify(place)))
    for (const { place } of fresh) seen.add(JSON.stringify(place))
    return fresh
  })
}

type PlayContext = Pick<BindContext, 'program' | 'play' | 'live'>

/** Faults of each step; `blocks` are the looping ones around it. */
function validateNode(node: FlowNode, context: PlayContext, blocks: Block[]): Diagnostic[][] {
  if ('flush' in node) return []
  if (!('body' in node)) return [validateStep(node, context, blocks)]
  const own = node.loop === undefined ? [] : [validateLoop(node, context, blocks)]
  const inside = node.loop === undefined ? blocks : [...blocks, node]
  const { body, rescue, always } = node
  return [...own, ...[...body, ...rescue, ...always].flatMap((one) => validateNode(one, context, inside))]
}

function validateLoop(block: Block, around: PlayContext, blocks: Block[]): Diagnostic[] {
  const found = new Faults(block.first, around.play)
  for (const fault of loopSyntax(block.first)) found.add(fault, undefined)
  onHosts(around, blocks, (context) => {
    evaluateLoop(block.first, context, (fault) => found.add(fault, context.host.name))
  })
  return found.diagnostics()
}

function validateStep(step: Step, around: PlayContext, blocks: Block[]): Diagnostic[] {
  const found = new Faults(step, around.play)
  const written = syntaxFaults(step)
  // A template that can't be read makes its argument unsure.
  for (const fault of written.length > 0 ? written : writtenFaults(step)) found.add(fault, undefined)
  onHosts(around, blocks, (context) => {
    const report = (fault: StepFault): void => found.add(fault, context.host.name)
    for (const item of itemsOf(step, context, report)) {
      const { when } = evaluateStep(step, { ...context, item }, report)
      if (when !== false) evaluateVerdicts(step, { ...context, item }, report)
    }
    return isSettledEverywhere(step, context) && verdictsOf(step).length === 0 ? 'alike' : undefined
  })
  return found.diagnostics()
}

/** What the step will come to is not known yet, only how it is called. */
function evaluateVerdicts(step: Step, context: BindContext, report: (fault: StepFault) => void): void {
  const verdicts = verdictsOf(step)
  if (verdicts.length === 0) return
  const shape = resultShape(step, true)
  const result = shape === undefined ? LATE : lateOf(shape)
  for (const [keyword, list] of verdicts)
    evaluateConditions(step, keyword, list, { ...context, result }, report)
}

/** Its conditions over its result, by their keywords. */
function verdictsOf({ retry, changedWhen, failedWhen }: Step): [string, (string | boolean)[]][] {
  const until = retry?.until === undefined ? [] : [retry.until]
  const all = { until, changed_when: changedWhen, failed_when: failedWhen }
  return Object.entries(all).filter(([, list]) => list.length > 0)
}

/** On each host of the play until they are told to be alike, for each of the items of the blocks around. */
function onHosts(
  { program, play, live }: PlayContext,
  blocks: Block[],
  work: (at: BindContext) => 'alike' | void,
): void {
  // Without hosts there are no variables, but what is written out can be checked.
  const hosts = play.hosts.length > 0 ? play.hosts : [...program.inventory.hosts.keys()].slice(0, 1)
  const known: LiveValues = play.hosts.length > 0 ? live : { get: () => LATE }
  for (const name of hosts) {
    const host = program.inventory.hosts.get(name) as Host
    const context: BindContext = { program, play, host, live: known, check: true, typed: true }
    for (const outerItems of itemsAround(blocks, context))
      if (work({ ...context, outerItems }) === 'alike') return
  }
}

/** Each combination of the items of looping blocks, the outermost first. */
function itemsAround(blocks: Block[], context: BindContext): (JsonObject | undefined)[] {
  if (blocks.length === 0) return [undefined]
  return blocks.reduce<JsonObject[]>(
    (outer, { first, loopVar }) =>
      outer.flatMap((outerItems) =>
        itemsOf(first, { ...context, outerItems }, () => undefined).map((item) => ({
          ...outerItems,
          [loopVar]: item ?? LATE,
        })),
      ),
    [{}],
  )
}

/** A loop over values not known yet is looked at once, with an item that is not known. */
function itemsOf(step: Step, context: BindContext, report: (fault: StepFault) => void): (Json | undefined)[] {
  if (step.loop === undefined) return [undefined]
  const loop = evaluateLoop(step, context, report)
  return loop.state === 'ready' ? loop.items : [loop.item]
}

/** One fault per place: the same mistake on many hosts is one mistake. */
class Faults {
  readonly #step: Step
  readonly #play: Play
  readonly #found = new Map<string, { fault: StepFault; hosts: Set<string> }>()
  constructor(step: Step, play: Play) {
    this.#step = step
    this.#play = play
  }

  add(fault: StepFault, host: string | undefined): void {
    const place = faultPlace(this.#step, fault)
    const key = `${place.file}:${place.line}:${place.column}:${fault.pointer.endsWith('#key') ? fault.pointer : ''}`
    const entry = this.#found.get(key) ?? {
      fault,
      hosts: new Set(host === undefined ? this.#play.hosts : []),
    }
    if (host !== undefined) entry.hosts.add(host)
    this.#found.set(key, entry)
  }

  diagnostics(): Diagnostic[] {
    return [...this.#found.values()].map(({ fault, hosts }) => ({
      severity: 'error',
      place: faultPlace(this.#step, fault),
      message: fault.message + this.#onHosts([...hosts]),
      hint: fault.hint,
    }))
  }

  /** Nothing when all hosts have it. */
  #onHosts([first, ...others]: string[]): string {
    if (first === undefined || others.length + 1 >= this.#play.hosts.length) return ''
    return others.length === 0 ? ` (on ${first})` : ` (on ${first} and ${others.length} more)`
  }
}

type Attempt = (pointer: string, parse: () => unknown) => void

/** Mistakes in templates that no host may reach, e.g. behind a condition that is false everywhere. */
function syntaxFaults(step: Step): StepFault[] {
  return syntaxOf((attempt, faults) => {
    const { environment, delegateTo, retry, changedWhen, failedWhen } = step
    const until = retry?.until === undefined ? [] : [retry.until]
    const conditions = { when: step.when, changed_when: changedWhen, failed_when: failedWhen }
    for (const [key, list] of Object.entries(conditions))
      for (const [index, condition] of list.entries()) parseCondition(attempt, condition, `/${key}/${index}`)
    for (const condition of until) parseCondition(attempt, condition, '/until')
    walk(attempt, step.args, `/${step.task.name}`)
    walk(attempt, step.vars, '/vars')
    walk(attempt, step.defaults, '/defaults')
    walk(attempt, environment, '/environment')
    walk(attempt, delegateTo, '/delegate_to')
    walk(attempt, step.loop, '/loop')
    // A name made from an argument would only repeat its mistake.
    if (faults.length === 0) walk(attempt, step.name, '/name')
    walk(attempt, step.label, '/loop_control/label')
  })
}

function loopSyntax(first: Step): StepFault[] {
  return syntaxOf((attempt) => {
    walk(attempt, first.loop, '/loop')
    walk(attempt, first.label, '/loop_control/label')
  })
}

function syntaxOf(look: (attempt: Attempt, faults: StepFault[]) => void): StepFault[] {
  const faults: StepFault[] = []
  look((pointer, parse) => {
    try {
      parse()
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      faults.push(faultOf(error, pointer))
    }
  }, faults)
  return faults
}

function parseCondition(attempt: Attempt, condition: string | boolean, pointer: string): void {
  if (typeof condition === 'string') attempt(pointer, () => parseExpression(condition))
}

function walk(attempt: Attempt, value: Json | undefined, pointer: string): void {
  if (typeof value === 'string' && hasTemplate(value)) attempt(pointer, () => parseTemplate(value))
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) walk(attempt, item, `${pointer}/${index}`)
  else if (isMapping(value))
    for (const [key, item] of Object.entries(value)) walk(attempt, item, `${pointer}/${pointerKey(key)}`)
}
