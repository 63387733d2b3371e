import type { Connector } from '../../connect/connection.ts'
import type { ShownKey } from '../../connect/hostkey.ts'
import { TaskError } from '../../core/errors.ts'
import { becomeOn, type Host } from '../../core/host.ts'
import type { Inventory } from '../../load/program.ts'
import { lookUpConnections } from '../../load/secret/secretconnections.ts'
import { blockProbe } from '../../probe/block.ts'
import { machineProbe } from '../../probe/machine.ts'
import { type NodeView, nodeViewProbe } from '../../probe/nodeview.ts'
import type { MachineView, Wish } from '../../probe/rebuildwish.ts'
import { lookAsRoot } from '../rootlook.ts'
import type { Effort } from './effort.ts'
import { type HostLook, reach, watchingConnector } from './onhost.ts'
import type { RebuildFlags } from './target.ts'

export interface Seen {
  view: NodeView
  /** Null where the machine was not looked at; `why` says why then. */
  machine: MachineView | null
  why?: { message: string; hint?: string }
  /** The key that the machine has shown, as in known_hosts. */
  hostKey?: string
  /** It differs from those that are known for the host, and nobody has agreed to it yet. */
  newKey?: ShownKey
  /** What it took, look by look. */
  looks: Effort[]
}

export interface Looked {
  target: Host
  server: string
  wish: Wish
  /** A changed key of the target's that the user has agreed to. */
  trusted?: string
  /** What was seen of the cluster a moment ago. */
  view?: NodeView
}

/** Looks at the cluster and at the machine at the same time, each in one round trip. Throws where the server can't be asked. */
export async function lookAround(inventory: Inventory, looked: Looked, flags: RebuildFlags): Promise<Seen> {
  const { target, server, trusted, view } = looked
  const began = performance.now()
  const keeper = inventory.hosts.get(server)!
  await lookUpConnections([keeper, target].filter((host) => becomeOn(host, true)))
  const { connector, keys } = await watchingConnector(inventory, { target, trusted }, flags)
  try {
    const [cluster, machine] = await Promise.all([
      view === undefined
        ? lookAtCluster(connector, keeper, target.name.toLowerCase())
        : { view, roundTrips: 0 },
      lookAtMachine(connector, looked),
    ])
    const roundTrips = { [server]: cluster.roundTrips, [target.name]: machine.roundTrips }
    return {
      view: cluster.view,
      machine: machine.seen,
      why: machine.why,
      ...keys(),
      looks: [{ ms: performance.now() - began, roundTrips }],
    }
  } finally {
    await connector.close()
  }
}

async function lookAtCluster(
  connector: Connector,
  server: Host,
  name: string,
): Promise<{ view: NodeView; roundTrips: number }> {
  const connection = await connector.connect(server)
  try {
    const { state, found } = await lookAsRoot(connection, nodeViewProbe(name, server.name.toLowerCase()))
    if (found !== null) return { view: found, roundTrips: connection.roundTrips }
    throw state === 'absent'
      ? new TaskError(`${server.name} runs no k3s server`, 'set the cluster up with playbooks/cluster.yaml')
      : new TaskError(
          `the API server on ${server.name} does not answer`,
          `look: provision exec -b ${server.name} -- journalctl -n 30 -u k3s`,
        )
  } finally {
    await connection.close()
  }
}

function lookAtMachine(
  connector: Connector,
  { target, wish }: Looked,
): Promise<Omit<HostLook<MachineView>, 'ms'>> {
  return reach(connector, target, async (connection) => {
    const [machine, block] = await Promise.all([
      lookAsRoot(connection, machineProbe(wish.device, wish.mount)),
      lookAsRoot(connection, blockProbe(wish.device)),
    ])
    return { machine, block }
  })
}
