import type { Host } from '../core/host.ts'
import type { Json } from '../core/json.ts'
import type { Diagnostic } from '../core/place.ts'
import type { StepFault } from './args.ts'
import { type BindContext, faultPlace, type LiveValues } from './bind.ts'
import { evaluateLoop, evaluateStep, faultOf } from './evaluation.ts'
import { LATE } from './late.ts'
import type { Play, Program, Step } from './program.ts'
import { BEFORE_EXPRESSION, hasTemplate, parseExpression, parseTemplate } from './template.ts'
import { TemplateError } from './templateerror.ts'
import { isMapping } from './values.ts'
import { pointerKey } from './plaindata.ts'

/**
 * Evaluates every step for every host of its play, with what is known before the run; what is not counts as right.
 * `unsure` are names that may well be defined by steps which could not be read.
 */
export function validateProgram(program: Program, unsure: ReadonlySet<string>): Diagnostic[] {
  const live: LiveValues = { get: (_, name) => (unsure.has(name) ? LATE : undefined) }
  return program.plays.flatMap((play) =>
    [...play.steps, ...play.handlers].flatMap((step) => validateStep(step, play, program, live)),
  )
}

function validateStep(step: Step, play: Play, program: Program, live: LiveValues): Diagnostic[] {
  const found = new Faults(step, play)
  for (const fault of syntaxFaults(step)) found.add(fault, undefined)
  if (play.hosts.length === 0) live = { get: () => LATE }
  // Without hosts there are no variables, but what is written out can be checked.
  const hosts = play.hosts.length > 0 ? play.hosts : [...program.inventory.hosts.keys()].slice(0, 1)
  for (const name of hosts) {
    const host = program.inventory.hosts.get(name) as Host
    const report = (fault: StepFault): void => found.add(fault, name)
    const context: BindContext = { program, play, host, live, check: true }
    for (const item of itemsOf(step, context, report)) evaluateStep(step, { ...context, item }, report)
  }
  return found.diagnostics()
}

/** A loop over values not known yet is looked at once, with an item that is not known. */
function itemsOf(step: Step, context: BindContext, report: (fault: StepFault) => void): (Json | undefined)[] {
  if (step.loop === undefined) return [undefined]
  const loop = evaluateLoop(step, context, report)
  return loop.state === 'ready' ? loop.items : [LATE]
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

/** Mistakes in templates that no host may reach, e.g. behind a condition that is false everywhere. */
function syntaxFaults(step: Step): StepFault[] {
  const faults: StepFault[] = []
  const attempt = (pointer: string, parse: () => unknown, before = 0): void => {
    try {
      parse()
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      faults.push(faultOf(error, pointer, before))
    }
  }
  const walk = (value: Json | undefined, pointer: string): void => {
    if (typeof value === 'string' && hasTemplate(value)) attempt(pointer, () => parseTemplate(value))
    else if (Array.isArray(value))
      for (const [index, item] of value.entries()) walk(item, `${pointer}/${index}`)
    else if (isMapping(value))
      for (const [key, item] of Object.entries(value)) walk(item, `${pointer}/${pointerKey(key)}`)
  }
  for (const [index, condition] of step.when.entries())
    if (typeof condition === 'string')
      attempt(`/when/${index}`, () => parseExpression(condition), BEFORE_EXPRESSION.length)
  walk(step.args, `/${step.task.name}`)
  walk(step.vars, '/vars')
  walk(step.loop, '/loop')
  // A name made from an argument would only repeat its mistake.
  if (faults.length === 0) walk(step.name, '/name')
  walk(step.label, '/loop_control/label')
  return faults
}
