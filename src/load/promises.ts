import type { Program } from './program.ts'

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
    for (const { register, number, place } of play.steps) {
      if (register === undefined) continue
      const others = found.sources.get(register) ?? []
      found.sources.set(register, [...others, { play: play.index, number, line: place.line, hosts }])
    }
    for (const { register } of [...play.steps, ...play.handlers])
      if (register !== undefined) found.names.add(register)
  }
  registers.set(program, found)
  return found
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

function isBefore(source: Moment, moment: Moment): boolean {
  return source.play < moment.play || (source.play === moment.play && source.number < moment.number)
}
