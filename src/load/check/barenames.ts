import type { Diagnostic } from '../../core/place.ts'
import { namesOf } from '../promises.ts'
import type { Play, Program, Step } from '../program.ts'

/** Warns of debug steps that show the name of a variable where its value is meant. */
export function bareNames(program: Program): Diagnostic[] {
  return program.plays.flatMap((play) => {
    const steps = [...play.steps, ...play.handlers, ...play.gate]
    const known = knownNames(program, play, steps)
    return steps.flatMap((step) => bareName(step, known))
  })
}

function knownNames({ inventory, extraVars }: Program, play: Play, steps: Step[]): Set<string> {
  const hosts = [...inventory.hosts.values()].flatMap(({ vars }) => Object.keys(vars))
  return new Set([...hosts, ...Object.keys({ ...extraVars, ...play.vars }), ...steps.flatMap(namesOf)])
}

function bareName(step: Step, known: Set<string>): Diagnostic[] {
  const { task, vars } = step
  const { value } = step.args
  if (task.name !== 'debug' || typeof value !== 'string') return []
  const [, name] = /^([A-Za-z_]\w*)(?:\.\w+|\[[^\]]+\])*$/.exec(value) ?? []
  if (name === undefined || !(known.has(name) || Object.hasOwn(vars, name))) return []
  const message = `this shows the text '${value}', not what the variable holds`
  const hint = `write value: "{{ ${value} }}"`
  return [{ severity: 'warning', place: step.placeOf('/debug/value'), message, hint }]
}
