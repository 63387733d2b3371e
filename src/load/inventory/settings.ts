import { isDeepStrictEqual } from 'node:util'
import type { Host } from '../../core/host.ts'
import type { Json } from '../../core/json.ts'
import type { Place } from '../../core/place.ts'
import type { BindContext } from '../bind.ts'
import { isLate } from '../../core/late.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import { type Play, type Program, type Step, VAR_LEVELS, type VarLayer, type VarLevel } from '../program.ts'
import { namesOf } from '../promises.ts'
import { Scope } from '../scope.ts'
import { TemplateError } from '../template/templateerror.ts'
import { plain } from '../template/values.ts'

/** One place that sets a variable of a host. */
export interface Setting {
  level: VarLevel
  /** What it is, for people. */
  title: string
  place: Place
  /** As it is written there; undefined: only a run can tell. */
  written: Json | undefined
  program: Program
  /** Where it holds; undefined: everywhere. */
  play?: Play
  step?: Step
}

/** Every variable that the inventory, these programs and the command line set for a host; who wins comes first. */
export function settingsOf(host: string, programs: Program[], extra: VarLayer[]): Map<string, Setting[]> {
  const found = new Map<string, Setting[]>()
  const seen = new Set<string>()
  const add = (name: string, setting: Setting): void => {
    const { file, line, column } = setting.place
    // What a role sets reaches its steps, too, but is written once.
    const key = JSON.stringify([name, file, line, column])
    if (seen.has(key)) return
    seen.add(key)
    found.set(name, [...(found.get(name) ?? []), setting])
  }
  for (const program of programs) {
    const addLayers = (layers: VarLayer[], play?: Play): void => {
      for (const layer of layers)
        for (const [name, written] of Object.entries(layer.vars))
          add(name, {
            level: layer.level,
            title: layer.title,
            place: layer.placeOf(name),
            written,
            program,
            play,
            step: layer.level === 'role defaults' && play ? stepWith(play, name, written) : undefined,
          })
    }
    addLayers([...(program.inventory.layers?.get(host) ?? []), ...extra])
    for (const play of program.plays.filter(({ everyHost }) => everyHost.includes(host))) {
      addLayers(play.layers, play)
      for (const step of [...play.steps, ...play.handlers, ...play.gate])
        for (const [name, setting] of ofStep(step)) add(name, { ...setting, program, play, step })
    }
  }
  const rank = ({ level }: Setting): number => VAR_LEVELS.indexOf(level)
  for (const list of found.values()) list.reverse().sort((a, b) => rank(b) - rank(a))
  return found
}

/** A step of the role: only its steps see its defaults. */
function stepWith({ steps, handlers }: Play, name: string, written: Json | undefined): Step | undefined {
  return [...steps, ...handlers].find(({ defaults }) => isDeepStrictEqual(defaults[name], written))
}

/** What a role says of itself is written nowhere. */
const ROLE_NAMES = ['role_name', 'role_path']

function ofStep(step: Step): [string, Omit<Setting, 'program'>][] {
  const title = `step ${step.number}, ${step.name}`
  const own = Object.entries(step.vars).filter(([name]) => !ROLE_NAMES.includes(name))
  const written = own.map(([name, value]): [string, Omit<Setting, 'program'>] => {
    const place = step.placeOf(`/vars/${pointerKey(name)}`)
    return [name, { level: 'step', title, place, written: value }]
  })
  const told = namesOf(step).map((name): [string, Omit<Setting, 'program'>] => {
    return [name, { level: 'registered', title, place: step.place, written: undefined }]
  })
  return [...written, ...told]
}

/** What a name comes to on a host, where the setting holds; or why that can't be said before a run. */
export function valueOf(
  host: Host,
  name: string,
  { program, play, step, written }: Pick<Setting, 'program' | 'play' | 'step' | 'written'>,
): { value: Json } | { unknown: string } {
  const context: BindContext = {
    program,
    play: play ?? noPlay(program),
    host,
    live: { get: () => undefined },
    check: true,
  }
  const moment = { play: context.play.index, number: step?.number ?? Number.MAX_SAFE_INTEGER }
  try {
    const value = written === undefined ? undefined : plain(new Scope(context, step, moment).get(name))
    if (value !== undefined && !isLate(value)) return { value }
    return { unknown: 'only a run can tell' }
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    return { unknown: error.message }
  }
}

/** For variables that are not about any play. */
function noPlay({ inventory }: Program): Play {
  const hosts = [...inventory.hosts.keys()]
  const place = { file: inventory.file, line: 1, column: 1 }
  const steps = { steps: [], flow: [], handlers: [], gate: [], layers: [], serial: [] }
  return { index: 0, name: '', hosts, everyHost: hosts, vars: {}, anyErrorsFatal: false, place, ...steps }
}
