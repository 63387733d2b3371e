import { printedJson } from '../base/printed-json.ts'
import { Redactor } from '../base/redact.ts'
import { sh } from '../base/shell.ts'
import type { Connection, Connector } from '../connect/connection.ts'
import { CommandError, ConnectError, TaskError, UsageError } from '../core/errors.ts'
import { becomeOn, type Host } from '../core/host.ts'
import type { Json } from '../core/json.ts'
import type { Probe } from '../core/task.ts'
import { loadInventory } from '../load/inventory/inventory.ts'
import { select } from '../load/inventory/patterns.ts'
import { lookUpConnections } from '../load/secret/secretconnections.ts'
import { healthProbe } from '../probe/health.ts'
import { overviewProbe } from '../probe/overview.ts'
import { ringProbe } from '../probe/ring.ts'
import { coloursFor } from '../render/colour.ts'
import { connectorFor, type ReachOptions } from './reach.ts'
import { serverOf } from './server.ts'
import { clusterFindings } from './status/cluster.ts'
import { type ClusterStatus, expectedOf, type HostStatus } from './status/facts.ts'
import { hostFindings } from './status/hosts.ts'
import { exitCode, jsonOf, textOf } from './status/report.ts'

export interface StatusFlags extends ReachOptions {
  output: 'text' | 'json'
}

/** Seconds for a host to answer, and for one look at it. A ring is asked by two Java machines. */
const [CONNECT_TIME, LOOK_TIME, RING_TIME] = [10, 30, 60]

const RING = ringProbe({ namespace: 'default', labels: 'app=cassandra', container: 'cassandra' })

/** Shows the cluster at a glance; resolves with the exit code. Changes nothing, and takes no lock. */
export async function status(pattern: string, flags: StatusFlags): Promise<number> {
  const { inventory } = await loadInventory(flags.inventory)
  const names = select(inventory, pattern)
  if (names.length === 0) throw new UsageError(`no host matches '${pattern}'`)
  const server = serverOf(inventory)
  // What the cluster says of the hosts, its server says, be it one of them or not.
  const asked = [...new Set([...names, ...(server === undefined ? [] : [server])])]
  const hosts = asked.map((name) => inventory.hosts.get(name)!)
  await lookUpConnections(hosts.filter((host) => becomeOn(host, true)))
  const redactor = new Redactor()
  const connector = await connectorFor(inventory, { ...flags, connectTimeout: CONNECT_TIME }, redactor)
  const cluster: ClusterStatus = { server, state: 'unknown', overview: null, ring: null, errors: [] }
  const all = await Promise.all(
    hosts.map((host) => lookAt(host, connector, server === host.name ? cluster : null)),
  )
  await connector.close()
  const shown = all.filter(({ host }) => names.includes(host.name))
  const findings = [
    ...hostFindings(shown, cluster),
    ...clusterFindings(cluster, [...inventory.hosts.values()]),
  ]
  const code = exitCode(all, findings)
  const around = { hosts: inventory.hosts.size, server, options: optionsOf(flags) }
  const report = { hosts: shown, cluster, findings, around, code }
  const text =
    flags.output === 'json'
      ? printedJson(redactor.maskAll(jsonOf(report)), 2)
      : textOf(report, coloursFor(process.stdout), process.stdout.columns).join('\n')
  process.stdout.write(`${text}\n`)
  return code
}

/** What a command that is advised needs to reach the same hosts. */
function optionsOf({ inventory, lab }: StatusFlags): string {
  const files = [inventory].flat()
  const named = files.join() === 'inventory.yaml' ? [] : files.map((file) => sh` -i ${file}`)
  return [...named, ...(lab ? [' --lab'] : [])].join('')
}

/** Looks at a host in one round trip; `cluster` is filled in where the host is its server. */
async function lookAt(host: Host, connector: Connector, cluster: ClusterStatus | null): Promise<HostStatus> {
  let connection: Connection | undefined
  try {
    connection = await connector.connect(host)
    const { mount, registry } = expectedOf(host)
    // Sent together; the connection is closed only once both have ended.
    const own = look(connection, healthProbe({ mount, registry }), LOOK_TIME)
    const [health] = await Promise.allSettled([own, cluster && lookAtCluster(connection, cluster)])
    if (health.status === 'rejected') throw health.reason
    return { host, round_trips: connection.roundTrips, health: health.value }
  } catch (error) {
    if (!isExpected(error)) throw error
    const { message, hint } = error
    const unreachable = error instanceof ConnectError ? { unreachable: true as const } : {}
    return { host, round_trips: connection?.roundTrips ?? 0, error: message, hint, ...unreachable }
  } finally {
    await connection?.close()
  }
}

/** What can't be learnt of the cluster is noted in it. */
async function lookAtCluster(connection: Connection, cluster: ClusterStatus): Promise<void> {
  const note = (error: unknown) => {
    if (!isExpected(error)) throw error
    if (!cluster.errors.includes(error.message)) cluster.errors.push(error.message)
  }
  await Promise.all([
    look(connection, overviewProbe, LOOK_TIME).then(({ state, found }) => {
      cluster.state = state
      cluster.overview = found
    }, note),
    look(connection, RING, RING_TIME).then(({ found }) => {
      if (found !== 'whole') cluster.ring = found
    }, note),
  ])
}

async function look<T extends Json>(connection: Connection, probe: Probe<T>, timeout: number): Promise<T> {
  const script = probe.script as string
  return probe.parse(await connection.run(script, { become: becomeOn(connection.host, true), timeout }))
}

function isExpected(error: unknown): error is ConnectError | CommandError | TaskError {
  return error instanceof ConnectError || error instanceof CommandError || error instanceof TaskError
}
