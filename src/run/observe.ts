import { quote } from '../base/shell.ts'
import type { Connection } from '../connect/connection.ts'
import type { Become } from '../core/host.ts'
import { NoSuchUser, TaskError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import type { Output, Probe, Probes, Survey, Verified } from '../core/task.ts'

/** What a probe found, or why it could not look; the reason is raised only by a step that needs the fact. */
export type Observation = { value: Json } | { error: Error }

/** As whom and with which environment something runs on a host. */
export interface RunAs {
  become: Become
  /** Lines of sh that set the environment; empty without one. */
  exports: string
}

/** A probe together with how it looks. */
export interface Look extends RunAs {
  probe: Probe
  /** Of the fact: the same path seen as root and as the login user are two facts. */
  key: string
}

export function lookOf(probe: Probe, { become, exports }: RunAs): Look {
  return { probe, become, exports, key: keyFor(probe.key, { become, exports }) }
}

/** Steps are looked at again and again, and alike on many hosts. */
const looks = new WeakMap<Probes, Look[][]>()

/** In the order of the probes. */
export function looksOf(probes: Probes, runAs: RunAs): Look[] {
  const made = looks.get(probes) ?? []
  const known = made.find(([one]) => one?.become === runAs.become && one.exports === runAs.exports)
  if (known !== undefined) return known
  const fresh = Object.values(probes).map((probe) => lookOf(probe, runAs))
  looks.set(probes, [...made, fresh])
  return fresh
}

/** Lines of sh that set these variables. */
export function exportsOf(environment: Record<string, string>): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join('')
}

/** One script to run in a look, and the probes that read its output. */
interface Exchange extends RunAs {
  script: string
  readers: Look[]
}

export function keyFor(key: string, { become, exports }: RunAs): string {
  return `${whoLooks(become)} ${exports}${key}`
}

function whoLooks(become: Become): string {
  if (typeof become === 'string') return `as ${become}`
  return become ? 'root' : 'user'
}

/**
 * Runs all probes in one flight and parses what they print.
 * Rejects only when the connection fails or the run is interrupted; what a
 * task looks with may take long, so it is ended on the host then.
 */
export async function observe(
  connection: Connection,
  looks: Look[],
  verified: Verified,
  onSecret: (secret: string) => void,
  signal: AbortSignal,
): Promise<Map<string, Observation>> {
  const facts = new Map<string, Observation>()
  for (const look of looks) {
    if (look.probe.script === '') facts.set(look.key, read(look.probe, SILENCE, onSecret))
  }
  await Promise.all(
    exchangesFor(looks, verified).map(async ({ script, become, exports, readers }) => {
      const running = connection.run(exports + script, { become, timeout: LOOK_TIMEOUT, signal })
      const told = await running.then((output) => ({ ...output, at: Date.now() }), unlessNobody)
      for (const look of readers) {
        const seen = told instanceof NoSuchUser ? { error: told } : read(look.probe, told, onSecret)
        facts.set(look.key, seen)
      }
    }),
  )
  return facts
}

/** Whom a later step becomes an earlier one may create. */
function unlessNobody(error: unknown): NoSuchUser {
  if (error instanceof NoSuchUser) return error
  throw error
}

/** The answer of a host that is not asked. */
const SILENCE: Output = { code: 0, stdout: Buffer.alloc(0), stderr: '' }

/** Seconds after which a look is given up; a probe that hangs (a dead NFS mount) must not hang the run. */
const LOOK_TIMEOUT = 120

function exchangesFor(looks: Look[], verified: Verified): Exchange[] {
  const exchanges: Exchange[] = []
  const surveys = new Map<string, RunAs & { survey: Survey; readers: Look[] }>()
  const seen = new Set<string>()
  for (const look of looks) {
    const { key, become, exports } = look
    if (seen.has(key)) continue
    seen.add(key)
    const { script } = look.probe
    if (script === '') continue
    if (typeof script === 'string') {
      exchanges.push({ script, become, exports, readers: [look] })
      continue
    }
    const id = keyFor(script.survey.name, look)
    const group = surveys.get(id) ?? { survey: script.survey, become, exports, readers: [] }
    group.readers.push(look)
    surveys.set(id, group)
  }
  for (const { survey, become, exports, readers } of surveys.values()) {
    const subjects = readers.map(({ probe }) => (probe.script as { subject: string }).subject)
    const script = survey.script([...new Set(subjects)], verified)
    exchanges.push({ script, become, exports, readers })
  }
  return exchanges
}

function read(probe: Probe, output: Output, onSecret: (secret: string) => void): Observation {
  try {
    const value = probe.parse(output) as Json
    if (probe.secret) eachString(value, onSecret)
    return { value }
  } catch (error) {
    return { error: error as Error }
  }
}

function eachString(value: Json, visit: (text: string) => void): void {
  if (typeof value === 'string') visit(value)
  else if (value !== null && typeof value === 'object')
    for (const one of Object.values(value)) eachString(one, visit)
}

/** The typed facts of a task, out of what is known of a host; raises what a probe could not see. */
export function factsOf(
  probes: Probes,
  runAs: RunAs,
  known: { fact(look: Look): Observation | undefined },
): Record<string, Json> {
  const facts: Record<string, Json> = {}
  const looks = looksOf(probes, runAs)
  for (const [index, name] of Object.keys(probes).entries()) {
    const look = looks[index]!
    const observation = known.fact(look)
    if (observation === undefined) throw new TaskError(`nothing was observed for ${look.probe.key}`)
    if ('error' in observation) throw observation.error
    facts[name] = observation.value
  }
  return facts
}
