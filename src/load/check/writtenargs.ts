import type { Json, JsonObject } from '../../core/json.ts'
import { explainArgs } from './argfaults.ts'
import type { StepFault } from './args.ts'
import { argsErrors } from './checks.ts'
import { LATE } from '../../core/late.ts'
import type { Step } from '../program.ts'
import { type Schema, withDefaults } from './schemas.ts'
import { hasTemplate } from '../template/template.ts'
import { isMapping } from '../template/values.ts'

/** Mistakes in arguments as they are written, whatever their templates give: also of steps that no host comes to. */
export function writtenFaults({ task, args }: Step): StepFault[] {
  const given = withDefaults(task.args as Schema, withoutTemplates(args)) as JsonObject
  return explainArgs(task, given, argsErrors(task, given)).map((fault) => ({
    ...fault,
    pointer: `/${task.name}${fault.pointer}`,
  }))
}

function withoutTemplates(value: Json): Json {
  if (typeof value === 'string') return hasTemplate(value) ? LATE : value
  if (Array.isArray(value)) return value.map(withoutTemplates)
  if (!isMapping(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutTemplates(one)]))
}
