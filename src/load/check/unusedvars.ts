import type { Diagnostic, Place } from '../../core/place.ts'
import { placeText } from '../../core/place.ts'
import { CONNECTION_NAMES } from '../inventory/connectionnames.ts'
import { includedTemplate } from '../template/lookups.ts'
import { Mentions } from './mentions.ts'
import type { Play, Program, Step } from '../program.ts'
import { hasTemplate } from '../template/template.ts'
import { TemplateError } from '../template/templateerror.ts'

/** Warns of variables of plays, roles and steps that nothing in the program uses. */
export function unusedVariables(program: Program): Diagnostic[] {
  const mentions = mentionsOf(program)
  if (mentions === undefined) return []
  const found = new Map<string, Diagnostic>()
  for (const [name, place] of writtenVariables(program.plays)) {
    if (mentions.names.has(name)) continue
    found.set(placeText(place), {
      severity: 'warning',
      place,
      message: `the variable '${name}' is used nowhere`,
      hint: 'remove it, or correct the name where it should be used',
    })
  }
  return [...found.values(), ...vainConnections(program, mentions)]
}

/** Of extra variables only Ansible's names say how to connect: the short ones may be anybody's. */
function vainConnections({ extraVars = {} }: Program, { names }: Mentions): Diagnostic[] {
  return Object.entries({ ...CONNECTION_NAMES, jump: ['ansible_ssh_common_args'] })
    .filter(([short]) => Object.hasOwn(extraVars, short) && !names.has(short))
    .map(([short, [name]]) => ({
      severity: 'warning',
      message: `the extra variable '${short}' is used nowhere, and does not say how to connect`,
      hint: `write -e ${name}=${short === 'jump' ? "'-o ProxyJump=HOST'" : '...'}`,
    }))
}

/** Defaults of roles and files of variables are offers; not every playbook takes them. */
function* writtenVariables(plays: Play[]): Generator<[string, Place]> {
  for (const play of plays) {
    for (const layer of play.layers)
      if (layer.level === 'play' && !layer.title.startsWith('vars_files '))
        for (const name of Object.keys(layer.vars)) yield [name, layer.placeOf(name)]
    for (const step of stepsOf(play))
      for (const name of Object.keys(step.vars)) {
        const place = step.placeOf(`/vars/${name}`)
        // What a role or an include hands down is written elsewhere.
        if (![step.place, step.placeOf('/vars')].some((one) => placeText(one) === placeText(place)))
          yield [name, place]
      }
  }
}

function stepsOf({ steps, handlers, gate }: Play): Step[] {
  return [...steps, ...handlers, ...gate]
}

/** undefined when names are looked up that only the run makes. */
function mentionsOf(program: Program): Mentions | undefined {
  const mentions = new Mentions()
  for (const { vars } of program.inventory.hosts.values()) mentions.addValue(vars)
  mentions.addValue(program.extraVars)
  for (const play of program.plays) {
    mentions.addValue(play.vars)
    for (const layer of play.layers) mentions.addValue(layer.vars)
    for (const step of stepsOf(play)) if (!addStep(mentions, step, program)) return undefined
  }
  return mentions.dynamic ? undefined : mentions
}

function addStep(mentions: Mentions, step: Step, program: Program): boolean {
  const { args, vars, defaults, environment, name, label, loop, delegateTo, retry } = step
  mentions.addValue([
    args,
    vars,
    defaults,
    environment,
    name,
    label ?? null,
    loop ?? null,
    delegateTo ?? null,
  ])
  for (const one of [...step.when, ...step.changedWhen, ...step.failedWhen, retry?.until ?? true])
    mentions.addExpression(one)
  return templateFiles(step).every((file) => addFile(mentions, file, program, step, new Set()))
}

function templateFiles({ task, args }: Step): string[] {
  const properties = (task.args as { properties?: Record<string, { format?: string }> }).properties ?? {}
  const names = Object.keys(properties).filter((name) => properties[name]?.format === 'template-file')
  return names.flatMap((name) => (typeof args[name] === 'string' ? [args[name]] : []))
}

/** False when it can't be told which file it is. */
function addFile(mentions: Mentions, file: string, program: Program, step: Step, seen: Set<string>): boolean {
  if (hasTemplate(file)) return false
  if (seen.has(file)) return true
  seen.add(file)
  const inside = new Mentions()
  try {
    inside.addTemplate(includedTemplate(file, program, step.folders))
  } catch (error) {
    if (error instanceof TemplateError) return false
    throw error
  }
  for (const name of inside.names) mentions.names.add(name)
  return !inside.dynamic && [...inside.files].every((one) => addFile(mentions, one, program, step, seen))
}
