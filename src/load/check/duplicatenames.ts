import type { Diagnostic } from '../../core/place.ts'
import { placeText } from '../../core/place.ts'
import type { Play, Program, Step } from '../program.ts'
import { hasTemplate } from '../template/template.ts'

/** Warns of steps of a play that a report could not tell apart by their names. */
export function duplicateNames({ plays }: Program): Diagnostic[] {
  return plays.flatMap((play) => sameSteps(play))
}

function sameSteps({ steps }: Play): Diagnostic[] {
  const first = new Map<string, Step>()
  return steps.flatMap((step) => {
    if (!isNamed(step)) return []
    const key = `${step.place.file}\0${step.name}`
    const other = first.get(key) ?? step
    first.set(key, other)
    // A file that is included twice has each of its steps twice, at one place.
    if (placeText(other.place) === placeText(step.place)) return []
    const message = `the step on line ${other.place.line} is called '${step.name}', too`
    return [
      {
        severity: 'warning',
        place: step.placeOf('/name'),
        message,
        hint: 'reports tell steps by their names; give each its own',
      },
    ]
  })
}

/** The name of a step without one is made from its task. */
function isNamed(step: Step): boolean {
  return !hasTemplate(step.name) && placeText(step.placeOf('/name')) !== placeText(step.place)
}
