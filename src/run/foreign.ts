import { ConnectError, TaskError } from '../core/errors.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { bind, type Missing } from '../load/bind.ts'
import type { Play, Step } from '../load/program.ts'
import { namesOf } from '../load/promises.ts'
import { FACTS, hostProbe } from '../probe/host.ts'
import { factsOf } from './observe.ts'
import { contextOf, itemsNow } from './binding.ts'
import type { RunContext } from './context.ts'
import { hostLook, looksOf } from './lookahead.ts'
import type { Session } from './session.ts'

/**
 * Waits for one value of a host: of the step that registers it, when that host is being worked on; else it is read
 * there without changing anything.
 */
export async function readValue(run: RunContext, asking: Session, { host, name }: Missing): Promise<Json> {
  const known = run.values.get(host, name)
  if (known !== undefined) return known
  if (name === FACTS) return hostFacts(run, run.session(host))
  const source = sourceOf(run, host, name)
  if (source === undefined) throw new TaskError(`no step registers '${name}' on ${host}`)
  const targeted = source.play.hosts.includes(host)
  if (targeted && host !== asking.host.name) return run.values.wait(host, name)
  if (targeted) throw new TaskError(`'${name}' is registered by a later step`)
  return readOnly(run, source.play, source.step, host, name)
}

/** Gathered only where a template asks for them. */
async function hostFacts(run: RunContext, session: Session): Promise<Json> {
  const look = hostLook(session)
  await session.look([look])
  const { host } = factsOf({ host: hostProbe }, look.become, session.facts) as { host: Json }
  run.values.set(session.host.name, FACTS, host)
  return host
}

function sourceOf(run: RunContext, host: string, name: string): { play: Play; step: Step } | undefined {
  for (const play of run.program.plays) {
    const step = play.everyHost.includes(host) && play.steps.find((step) => namesOf(step).includes(name))
    if (step) return { play, step }
  }
  return undefined
}

/** The result of a step on a host outside the run: its probes only, never its actions. */
async function readOnly(run: RunContext, play: Play, step: Step, host: string, name: string): Promise<Json> {
  const session = run.session(host)
  const site = { step, play, session, run }
  const [item] = await itemsNow(site)
  const { args } = bind(step, contextOf(site, item))
  const probes = step.task.probes(args)
  run.emit({ type: 'notice', message: `reading '${name}' of ${host}, which is not changed` })
  await session.look(looksOf(probes, step.become)).catch((error) => {
    // The host that asks is not the one that can't be reached.
    if (error instanceof ConnectError)
      throw new TaskError(`'${name}' can't be read: ${error.message}`, error.hint)
    throw error
  })
  const facts = factsOf(probes, step.become, session.facts)
  const result = step.task.result?.(args, facts) ?? {}
  const whole = JSON.parse(JSON.stringify({ ...result, changed: false })) as JsonObject
  const value = name === step.register ? whole : (whole[name] ?? null)
  run.values.set(host, name, value)
  return value
}
