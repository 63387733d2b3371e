import { isDeepStrictEqual } from 'node:util'
import { freeze } from '../../base/freeze.ts'
import { didYouMean } from '../../base/suggest.ts'
import { TaskError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import { placeText } from '../../core/place.ts'
import type { Change, Output, Probe, Probes, Task } from '../../core/task.ts'
import { reasonOf, thrownAt } from './tsfaults.ts'
import { describe, isMapping } from '../template/values.ts'
import type { WrittenPlaces } from './written.ts'

/**
 * A task of the user's own behind a guard: what it throws is told as a mistake in its file, and what it returns is
 * looked at before it is believed. What it is given is frozen, and a plan is made twice, for it must be pure.
 */
export function guardTask(task: Task, file: string, places: WrittenPlaces): Task {
  const call = <T>(name: keyof Task, work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw told(error, name, file)
    }
  }
  const wrong = (name: keyof Task, what: string, hint?: string): TaskError =>
    new TaskError(`${placeText(places.placeOf(`/${name}`))} '${name}' of the task ${task.name} ${what}`, hint)
  return {
    ...task,
    probes(args) {
      const probes: unknown = call('probes', () => task.probes(freeze(args)))
      const fault = probesFault(probes)
      if (fault !== undefined) throw wrong('probes', fault)
      return guardProbes(probes as Probes, file)
    },
    plan(args, facts) {
      const make = (): Change[] => call('plan', () => task.plan(freeze(args), freeze(facts)))
      const changes = make()
      const fault = changesFault(changes)
      if (fault !== undefined) throw wrong('plan', ...fault)
      if (!isDeepStrictEqual(make(), changes)) throw wrong('plan', ...IMPURE)
      return changes
    },
    ...(task.result && {
      result: (args, facts) => call('result', () => task.result!(freeze(args), freeze(facts))),
    }),
    ...(task.variables && { variables: (args) => call('variables', () => task.variables!(freeze(args))) }),
    ...(task.secrets && { secrets: (args) => call('secrets', () => task.secrets!(freeze(args))) }),
  }
}

const IMPURE = [
  'gives different changes for the same facts',
  'it must depend on arguments and facts alone, not on time, chance or earlier calls',
] as const

/** A refusal stays one; what comes from no line of the user's is no mistake of theirs. */
function told(error: unknown, name: string, file: string): unknown {
  // A package may bring another copy of the class along.
  if (error instanceof Error && error.name === 'TaskError')
    return error instanceof TaskError ? error : new TaskError(error.message, (error as TaskError).hint)
  const place = thrownAt(error, file)
  if (place === undefined) return error
  return new TaskError(`${placeText(place)} '${name}' throws: ${reasonOf(error)}`, "correct the task's file")
}

function guardProbes(probes: Probes, file: string): Probes {
  const guarded = Object.entries(probes).map(([name, probe]) => {
    const parse = (output: Output): Json => {
      try {
        return probe.parse(output)
      } catch (error) {
        throw told(error, `parse' of the probe '${name}`, file)
      }
    }
    return [name, { ...probe, parse }]
  })
  return Object.fromEntries(guarded) as Probes
}

function probesFault(probes: unknown): string | undefined {
  if (!isMapping(probes as Json)) return `must give probes by name, not ${shown(probes)}`
  for (const [name, probe] of Object.entries(probes as Record<string, Partial<Probe> | undefined>)) {
    const sound =
      typeof probe?.key === 'string' && probe.script !== undefined && typeof probe.parse === 'function'
    if (!sound) return `gives '${name}', which is no probe: a probe has key, script and parse`
  }
  return undefined
}

const ACTIONS = ['run', 'put', 'reboot', 'wait']

function changesFault(changes: unknown): [what: string, hint?: string] | undefined {
  if (!Array.isArray(changes)) return [`must give a list of changes, not ${shown(changes)}`]
  for (const change of changes as Partial<Change>[]) {
    const lists = Array.isArray(change?.actions) && Array.isArray(change.effects)
    if (typeof change?.summary !== 'string' || !lists)
      return ['gives something that is no change', 'a change has summary, actions and effects']
    const unknown = change.actions!.find((action) => !ACTIONS.includes(action?.do))
    if (unknown !== undefined)
      return [
        `gives an action '${String(unknown?.do)}', which there is not`,
        didYouMean(String(unknown?.do), ACTIONS),
      ]
    if (change.effects!.some((effect) => typeof effect?.key !== 'string' || effect.value === undefined))
      return ['gives something that is no effect', 'write effect(probe, value)']
  }
  return undefined
}

function shown(value: unknown): string {
  if (value instanceof Promise) return 'a promise: it must not be async'
  return value === undefined || typeof value === 'function' ? typeof value : describe(value as Json)
}
