import type { Program, Step } from './program.ts'

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

interface Registers {
  /** Handlers make no promises: they may never run. */
  sources: Map<string, Source[]>
  /** All names that any step or handler registers. */
  names: Set<string>
}

const registers = new WeakMap<Program, Registers>()

function registersOf(program: Program): Registers {
  const known = registers.get(program)
  if (known !== undefined) return known
  const found: Registers = { sources: new Map(), names: new Set() }
  for (const play of program.plays) {
    const hosts = new Set(play.everyHost)
    for (const step of [...play.steps, ...play.gate]) {
      const source = { play: play.index, number: step.number, line: step.place.line, hosts }
      for (const name of namesOf(step)) found.sources.set(name, [...(found.sources.get(name) ?? []), source])
    }
    for (const step of [...play.steps, ...play.handlers, ...play.gate])
      for (const name of namesOf(step)) found.names.add(name)
  }
  registers.set(program, found)
  return found
}

/** The register of a step, and the variables that it sets. */
export function namesOf({ register, task, args }: Pick<Step, 'register' | 'task' | 'args'>): string[] {
  const own = register === undefined ? [] : [register]
  try {
    return [...own, ...(task.variables?.(args) ?? [])]
  } catch {
    // Arguments of the wrong shape are reported where they are checked.
    return own
  }
}

/** Whether the name can change its value while the run goes on. */
export function isRegistered(program: Program, name: string): boolean {
  return registersOf(program).names.has(name)
}

/** Whether a step before that moment makes the name known on the host; else why not, if a later one does. */
export function promised(
  program: Program,
  host: string,
  name: string,
  moment: Moment,
): boolean | { later: number } {
  const all = (registersOf(program).sources.get(name) ?? []).filter((source) => source.hosts.has(host))
  if (all.some((source) => isBefore(source, moment))) return true
  const [later] = all
  return later === undefined ? false : { later: later.line }
}

export function isBefore(source: Moment, moment: Moment): boolean {
  return source.play < moment.play || (source.play === moment.play && source.number < moment.number)
}
