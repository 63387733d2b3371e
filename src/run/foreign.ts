import { ConnectError, TaskError } from '../core/errors.ts'
import { becomeOn } from '../core/host.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Probes } from '../core/task.ts'
import { type Bound, bind, type Missing } from '../load/bind.ts'
import type { Play, Step } from '../load/program.ts'
import { namesOf } from '../load/promises.ts'
import { neverTold } from '../load/scope.ts'
import { FACTS, hostProbe } from '../probe/host.ts'
import { exportsOf, factsOf, looksOf, type RunAs } from './observe.ts'
import { contextOf, itemsNow, type Place, type Site } from './binding.ts'
import type { RunContext } from './context.ts'
import { hostLook, probesOf } from './lookahead.ts'
import type { Session } from './session.ts'

/**
 * Waits for one value of a host: of the step that registers it, when that host is being worked on; else it is read
 * there without changing anything.
 */
export async function readValue(place: Place, { host, name }: Missing): Promise<Json> {
  const { run, session } = place
  const known = run.values.get(host, name)
  if (known !== undefined) return known
  if (name === FACTS) return hostFacts(run, run.session(host))
  const source = sourceOf(run, host, name)
  if (source === undefined) throw new TaskError(`no step registers '${name}' on ${host}`)
  if (!source.play.hosts.includes(host)) return readOnly(place, source, host, name)
  const asking = place.asking ?? session.host.name
  if (host === asking) throw new TaskError(neverTold(host, name))
  const value = run.values.wait(host, name)
  if (run.waits.isWorking(host)) return run.waits.hold(asking, `'${name}' of ${host}`, () => host, value)
  return run.values.hasFailed(host) ? value : neverComes(place, host, name)
}

/** A host that is not on its way has either ended the play, or its batch comes only after this one. */
function neverComes({ play, run }: Place, host: string, name: string): never {
  if (run.ended.has(`${play.index} ${host}`)) throw new TaskError(neverTold(host, name))
  throw new TaskError(
    `'${name}' of ${host} never comes: ${host} is in a later batch of the play`,
    "put the host into an earlier batch ('serial'), or register it in a play before",
  )
}

/** Gathered only where a template asks for them. */
async function hostFacts(run: RunContext, session: Session): Promise<Json> {
  const look = hostLook(session)
  // A change on that host at the same time may make it be forgotten.
  while (session.fact(look) === undefined) await session.look([look])
  const { host } = factsOf({ host: hostProbe }, look, session) as { host: Json }
  run.values.set(session.host.name, FACTS, host)
  return host
}

interface Source {
  play: Play
  step: Step
}

function sourceOf(run: RunContext, host: string, name: string): Source | undefined {
  for (const play of run.program.plays) {
    const step = play.everyHost.includes(host) && play.steps.find((step) => namesOf(step).includes(name))
    if (step) return { play, step }
  }
  return undefined
}

/** The result of a step on a host outside the run: its probes only, never its actions. */
async function readOnly(place: Place, { play, step }: Source, host: string, name: string): Promise<Json> {
  const { run, asking = place.session.host.name } = place
  const session = run.session(host)
  const site = { step, play, session, run, asking }
  const [item] = (await itemsNow(site)) ?? []
  const bound = await boundThere(site, item, name)
  // A step that is left out has no arguments to look with.
  const whole = bound.when === false ? LEFT_OUT : await resultThere(site, bound, name)
  const value = name === step.register ? whole : (whole[name] ?? null)
  run.values.set(host, name, value)
  return value
}

const LEFT_OUT: JsonObject = { changed: false, failed: false, skipped: true }

async function resultThere({ step, session, run }: Site, bound: Bound, name: string): Promise<JsonObject> {
  const probes = probesOf(step, bound)
  const runAs = { become: becomeOn(session.host, step.become), exports: exportsOf(bound.environment) }
  run.emit({ type: 'notice', message: `reading '${name}' of ${session.host.name}, which is not changed` })
  const facts = await session.exclusively(() => seeThere(session, probes, runAs, name))
  const result = step.task.result?.(bound.args, facts) ?? {}
  return JSON.parse(
    JSON.stringify({ ...result, changed: false, failed: false, skipped: false }),
  ) as JsonObject
}

async function boundThere(site: Site, item: Json | undefined, name: string): Promise<Bound> {
  for (;;) {
    const bound = bind(site.step, contextOf(site, item))
    if (bound.state === 'ready') return bound
    const [first] = bound.missing
    const { name: host } = site.session.host
    if (first === undefined || (first.host === host && first.name === name))
      throw new TaskError(
        `'${name}' of ${host} can't be read without a run on it: its step needs what only a run tells`,
      )
    await readValue(site, first)
  }
}

async function seeThere(session: Session, probes: Probes, runAs: RunAs, name: string) {
  await session.look(looksOf(probes, runAs)).catch((error) => {
    // The host that asks is not the one that can't be reached.
    if (!(error instanceof ConnectError)) throw error
    throw new TaskError(`'${name}' can't be read: ${error.message}`, error.hint)
  })
  return factsOf(probes, runAs, session)
}
