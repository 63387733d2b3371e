import type { Json } from '../core/json.ts'
import type { Program, Step } from './program.ts'
import { isMapping } from './values.ts'

/** A step that makes a name known while the run goes on. */
interface Source {
  play: number
  number: number
  line: number
  hosts: Set<string>
}

/** A point in the run. */
export interface Moment {
  play: number
  number: number
}

const sources = new WeakMap<Program, Map<string, Source[]>>()

/** Names that a step makes known on its host: its register, and for set_fact the keys of what it sets. */
export function namesFrom(step: Step): string[] {
  return [...(step.register === undefined ? [] : [step.register]), ...factNames(step)]
}

/** Names of the facts that a set_fact step sets. */
export function factNames(step: Step): string[] {
  if (step.task.name !== 'set_fact') return []
  return Object.values<Json>(step.args)
    .filter(isMapping)
    .flatMap((facts) => Object.keys(facts))
}

/** Handlers make no promises: they may never run. */
function sourcesOf(program: Program): Map<string, Source[]> {
  const known = sources.get(program)
  if (known !== undefined) return known
  const found = new Map<string, Source[]>()
  for (const play of program.plays) {
    const hosts = new Set(play.everyHost)
    for (const step of play.steps) {
      for (const name of namesFrom(step)) {
        const source = { play: play.index, number: step.number, line: step.place.line, hosts }
        found.set(name, [...(found.get(name) ?? []), source])
      }
    }
  }
  sources.set(program, found)
  return found
}

/** Whether a step before that moment makes the name known on the host; else why not, if a later one does. */
export function promised(
  program: Program,
  host: string,
  name: string,
  moment: Moment,
): boolean | { later: number } {
  const all = (sourcesOf(program).get(name) ?? []).filter((source) => source.hosts.has(host))
  if (all.some((source) => isBefore(source, moment))) return true
  const [later] = all
  return later === undefined ? false : { later: later.line }
}

function isBefore(source: Moment, moment: Moment): boolean {
  return source.play < moment.play || (source.play === moment.play && source.number < moment.number)
}
