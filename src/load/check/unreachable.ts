import type { Diagnostic } from '../../core/place.ts'
import { evaluateExpression } from '../template/evaluate.ts'
import type { Play, Program, Step } from '../program.ts'
import { parseExpression } from '../template/template.ts'
import { TemplateError, Undefined } from '../template/templateerror.ts'
import { truth, type Value } from '../template/values.ts'

/** What the inventory alone decides, and no variable can change. */
const STRUCTURE = ['inventory_hostname', 'group_names', 'groups']

/** Warns of plays that reach no host, and of steps whose conditions no host of their play can ever meet. */
export function unreachable(program: Program): Diagnostic[] {
  return program.plays.flatMap((play) => {
    if (play.everyHost.length === 0) return [emptyPlay(play)]
    return [...play.steps, ...play.handlers, ...play.gate].flatMap((step) => neverRuns(step, play, program))
  })
}

function emptyPlay({ place, name }: Play): Diagnostic {
  return {
    severity: 'warning',
    place,
    message: `the play '${name}' reaches no host`,
    hint: "its 'hosts' matches nothing of this inventory; 'provision inventory --graph' shows what there is",
  }
}

function neverRuns(step: Step, play: Play, program: Program): Diagnostic[] {
  for (const [index, condition] of step.when.entries()) {
    const why = whyNever(condition, play, program)
    if (why === undefined) continue
    const message = `the step '${step.name}' never runs: ${why}`
    return [
      {
        severity: 'warning',
        place: step.placeOf(`/when/${index}`),
        message,
        hint: 'remove it, or correct the condition',
      },
    ]
  }
  return []
}

function whyNever(condition: string | boolean, play: Play, program: Program): string | undefined {
  if (typeof condition === 'boolean') return condition ? undefined : 'its condition is always false'
  const names = namesLookedUp(condition)
  if (names === undefined || names.some((name) => !STRUCTURE.includes(name))) return undefined
  if (play.everyHost.some((host) => holds(condition, host, program))) return undefined
  return names.length === 0 ? 'its condition is always false' : 'no host of the play meets its condition'
}

/** Names that decide an expression; undefined when it can't be read. */
function namesLookedUp(condition: string): string[] | undefined {
  try {
    return freeNames(parseExpression(condition))
  } catch (error) {
    if (error instanceof TemplateError) return undefined
    throw error
  }
}

function freeNames(node: object): string[] {
  const { kind, name } = node as { kind?: string; name?: string }
  const own = kind === 'name' && name !== undefined ? [name] : kind === 'call' ? ['()'] : []
  const inner = Object.values(node).flatMap((child) =>
    typeof child === 'object' && child !== null ? freeNames(child as object) : [],
  )
  return [...own, ...inner]
}

/** What can't be evaluated may hold. */
function holds(condition: string, host: string, program: Program): boolean {
  const { inventory } = program
  const values: Record<string, Value> = {
    inventory_hostname: host,
    group_names: inventory.hosts.get(host)?.groups.filter((group) => group !== 'all') ?? [],
    groups: Object.fromEntries(inventory.groups),
  }
  try {
    return truth(
      evaluateExpression(parseExpression(condition), { get: (name) => values[name] ?? new Undefined(name) }),
    )
  } catch (error) {
    if (error instanceof TemplateError) return true
    throw error
  }
}
