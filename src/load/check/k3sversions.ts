import { explainSkew, parseK3sVersion, withdrawn } from '../../base/k3s-version.ts'
import type { JsonObject } from '../../core/json.ts'
import { type Diagnostic, type Place, placeText } from '../../core/place.ts'
import { evaluateStep } from '../evaluation.ts'
import { isLate } from '../../core/late.ts'
import type { Play, Program, Step } from '../program.ts'

/** A version of k3s that a step is to put on a host. */
interface Wanted {
  host: string
  version: string
  step: Step
  /** An agent's address of its server. */
  server?: string
}

/** Versions of k3s that must not be: withdrawn ones, and agents that Kubernetes does not allow beside their server. */
export function k3sVersionFaults(program: Program): Diagnostic[] {
  const servers = wantedBy('k3s_server', program)
  const agents = wantedBy('k3s_agent', program)
  const faults = [
    ...[...servers, ...agents].map(withdrawnFault),
    ...agents.map((agent) => {
      const server = serverOf(agent, servers, program)
      return server && skewBetween(agent, server)
    }),
  ]
  const byPlace = new Map<string, Fault>()
  for (const fault of faults)
    if (fault !== undefined) byPlace.set(placeText(fault.place), byPlace.get(placeText(fault.place)) ?? fault)
  return [...byPlace.values()]
}

type Fault = Diagnostic & { place: Place }

function withdrawnFault({ version, step }: Wanted): Fault | undefined {
  const message = withdrawn(version)
  const hint = 'take another build of it, or a later one'
  if (message === undefined) return undefined
  return { severity: 'error', place: step.placeOf(`/${step.task.name}/version`), message, hint }
}

function skewBetween(agent: Wanted, server: Wanted): Fault | undefined {
  const [a, b] = [parseK3sVersion(agent.version), parseK3sVersion(server.version)]
  const why = a && b && explainSkew(a, b)
  if (!why) return undefined
  const where = placeText(server.step.placeOf('/k3s_server/version'))
  return {
    severity: 'error',
    place: agent.step.placeOf('/k3s_agent/version'),
    message: `${agent.host} would get k3s ${agent.version} under the server ${server.host} of ${server.version}: ${why}`,
    hint: `upgrade the server first (${where})`,
  }
}

/** The server that an agent's address names, or the only one there is. */
function serverOf(agent: Wanted, servers: Wanted[], { inventory }: Program): Wanted | undefined {
  const address = /^https:\/\/\[?([^\]/]+?)\]?(?::\d+)?$/.exec(agent.server ?? '')?.[1]
  const named = servers.find(({ host }) =>
    [host, inventory.hosts.get(host)?.connection.address].includes(address),
  )
  const hosts = new Set(servers.map(({ host }) => host))
  // What is installed last counts.
  return named === undefined
    ? hosts.size === 1
      ? servers.at(-1)
      : undefined
    : servers.findLast(({ host }) => host === named.host)
}

function wantedBy(task: string, program: Program): Wanted[] {
  return program.plays.flatMap((play) =>
    play.steps
      .filter((step) => step.task.name === task && step.loop === undefined)
      .flatMap((step) => play.everyHost.flatMap((host) => wantedOn(host, step, play, program))),
  )
}

function wantedOn(name: string, step: Step, play: Play, program: Program): Wanted[] {
  const host = program.inventory.hosts.get(name)
  if (host === undefined) return []
  const bound = evaluateStep(
    step,
    { program, play, host, live: { get: () => undefined }, check: true },
    () => {},
  )
  const { version: release, server } = bound.args as JsonObject
  const version = (release as JsonObject | undefined)?.version
  if (bound.when !== true || typeof version !== 'string' || isLate(version)) return []
  return [{ host: name, version, step, server: typeof server === 'string' ? server : undefined }]
}
