import type { Connection, Connector } from '../../connect/connection.ts'
import { TaskError, UsageError } from '../../core/errors.ts'
import type { Host } from '../../core/host.ts'
import type { Inventory } from '../../load/program.ts'
import { type AccessHoldings, accessHoldingsProbe } from '../../probe/accessbackup.ts'
import { type ServerHoldings, serverHoldingsProbe } from '../../probe/serverbackup.ts'
import { lookAsRoot } from '../rootlook.ts'
import { serverOf } from '../server.ts'

/** The hosts whose belongings are backed up. */
export interface Keepers {
  server: Host
  /** The host before it, with the registry; absent where the server is reached directly. */
  access?: Host
}

export interface Holdings {
  server: ServerHoldings
  access: AccessHoldings
}

/** Throws UsageError where the inventory names no server. */
export function keepersOf(inventory: Inventory): Keepers {
  const server = inventory.hosts.get(serverOf(inventory) ?? '')
  if (server === undefined)
    throw new UsageError('the inventory names no k3s server', "give it a group 'server', or k3s_role: server")
  return { server, access: inventory.hosts.get(server.connection.jump ?? '') }
}

export type Connections = Record<keyof Keepers, Connection | undefined>

/** One connection to each; whoever gets them closes them. */
export async function connectTo({ server, access }: Keepers, connector: Connector): Promise<Connections> {
  const [one, other] = await Promise.all([
    connector.connect(server),
    access === undefined ? undefined : connector.connect(access),
  ])
  return { server: one, access: other }
}

/** One round trip to each. Throws TaskError where there is no cluster to back up. */
export async function lookAtHoldings(connections: Connections): Promise<Holdings> {
  const { server, access } = connections
  const [{ state, found }, beside] = await Promise.all([
    lookAsRoot(server!, serverHoldingsProbe),
    access === undefined
      ? { registry: null, home: null }
      : lookAsRoot(access, accessHoldingsProbe(registryPort(access.host))),
  ])
  const name = server!.host.name
  if (state === 'absent')
    throw new TaskError(`${name} runs no k3s server`, 'set the cluster up with playbooks/cluster.yaml')
  if (found === null)
    throw new TaskError(
      `the API server on ${name} does not answer; what lies on a disk now may be in the middle of something`,
      `look: provision exec -b ${name} -- journalctl -n 30 -u k3s`,
    )
  refuseUnknown(name, found)
  return { server: found, access: beside }
}

/** Port of the registry, as the inventory says where it is. */
export function registryPort({ vars }: Host): number {
  return Number(/:(\d+)$/.exec(typeof vars.registry === 'string' ? vars.registry : '')?.[1] ?? 5000)
}

function refuseUnknown(name: string, { datastore, size, free }: ServerHoldings): void {
  if (datastore === 'etcd')
    throw new TaskError(
      `the datastore of ${name} is etcd, which this does not copy`,
      `k3s makes copies of it itself: provision exec -b ${name} -- k3s etcd-snapshot save`,
    )
  if (datastore === 'elsewhere')
    throw new TaskError(
      `the datastore of ${name} is not in /var/lib/rancher/k3s: config.yaml or the unit names another place`,
      'back that up where it is, and keep /var/lib/rancher/k3s/server/token with it',
    )
  if (free < size * 1.2)
    throw new TaskError(
      `there is no room on ${name} for a copy of its datastore of ${size} bytes: ${free} bytes are free`,
      `make room: provision exec -b ${name} -- journalctl --vacuum-size=50M`,
    )
}
