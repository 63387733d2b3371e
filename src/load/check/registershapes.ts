import { EVERY_RESULT, type Task } from '../../core/task.ts'
import { FACTS, HOST_FACTS } from '../../probe/host.ts'
import { LATE } from '../../core/late.ts'
import { lateOf, oneOf, type Shape } from './lateshapes.ts'
import type { Play, Program, Step } from '../program.ts'
import { isBefore, type Moment, namesOf } from '../promises.ts'

/** Stands for a value that a step before that moment makes known on the host, with its shape as far as it is known. */
export function lateValue(program: Program, host: string, name: string, moment: Moment): string {
  if (name === FACTS) return lateOf({ title: 'facts', type: 'object', properties: HOST_FACTS })
  const shapes = (sourcesOf(program).get(name) ?? [])
    .filter(({ play, step }) => play.everyHost.includes(host) && isBefore(momentOf(play, step), moment))
    .map(({ play, step }) => (step.register === name ? registerShape(step, play) : undefined))
  const known = shapes.filter((shape) => shape !== undefined)
  return known.length > 0 && known.length === shapes.length ? lateOf(oneOf(known)) : LATE
}

interface Source {
  play: Play
  step: Step
}

const sources = new WeakMap<Program, Map<string, Source[]>>()

function sourcesOf(program: Program): Map<string, Source[]> {
  const known = sources.get(program)
  if (known !== undefined) return known
  const found = new Map<string, Source[]>()
  for (const play of program.plays)
    for (const step of [...play.steps, ...play.gate])
      for (const name of namesOf(step)) found.set(name, [...(found.get(name) ?? []), { play, step }])
  sources.set(program, found)
  return found
}

function momentOf(play: Play, step: Step): Moment {
  return { play: play.index, number: step.number }
}

/** What a step registers. */
function registerShape(step: Step, play: Play): Shape | undefined {
  const failed = step.ignoreErrors || play.flow.some((node) => 'rescue' in node)
  const one = resultShape(step, failed)
  if (one === undefined || step.loop === undefined) return one
  const ofItem = { [step.loopVar]: {}, ansible_loop_var: { type: 'string' } }
  const results: Shape = { type: 'array', items: { ...one, properties: { ...ofItem, ...one.properties } } }
  const { changed, failed: hasFailed, skipped } = EVERY_RESULT
  return {
    title: `the result of a loop over ${step.task.name}`,
    type: 'object',
    properties: { results, changed: changed!, failed: hasFailed!, skipped: skipped! },
  }
}

/** What a step, or one item of its loop, comes to; undefined when the task does not say. */
export function resultShape({ task, args, retry }: Step, failed: boolean): Shape | undefined {
  if (task.returns === undefined) return undefined
  const set = Object.fromEntries(namesOf({ register: undefined, task, args }).map((name) => [name, {}]))
  const tried: Record<string, Shape> = retry === undefined ? {} : { attempts: ATTEMPTS }
  const properties = { ...(failed ? FAILURE : {}), ...set, ...task.returns, ...EVERY_RESULT, ...tried }
  return { title: `the result of ${(task as Task).name}`, type: 'object', properties }
}

const ATTEMPTS: Shape = { type: 'integer' }

/** What a failed command has printed is known whatever the task. */
const FAILURE: Record<string, Shape> = {
  rc: { type: 'integer' },
  stdout: { type: 'string' },
  stderr: { type: 'string' },
}
