import { isObject } from '../../probe/docker.ts'
import { UsageError } from '../../core/errors.ts'
import { didYouMean } from '../../base/suggest.ts'
import type { Host } from '../../core/host.ts'
import type { Inventory } from '../../load/program.ts'
import type { Wish } from '../../probe/rebuildplan.ts'
import type { ReachOptions } from '../reach.ts'
import { serverOf } from '../server.ts'

export interface RebuildFlags extends ReachOptions {
  data: 'keep' | 'lost'
  check?: boolean
  yes?: boolean
  /** The machine, which does not answer, has no power. */
  poweredOff?: boolean
  /** What has only one copy may be lost. */
  acceptDataLoss?: boolean
  output?: 'live' | 'plain' | 'json'
  verbose?: boolean
}

/** The host that is to be rebuilt. Throws UsageError for those that can't be rebuilt alone, with the way. */
export function targetOf(inventory: Inventory, name: string): Host {
  const host = inventory.hosts.get(name)
  if (host === undefined) {
    const names = [...inventory.hosts.keys()]
    throw new UsageError(`there is no host '${name}' in the inventory`, didYouMean(name, names))
  }
  const server = serverOf(inventory)
  if (server === undefined)
    throw new UsageError('the inventory names no k3s server', "give it a group 'server', or k3s_role: server")
  if (name === server) throw new UsageError(...SERVER(name))
  const behind = [...inventory.hosts.values()].some(({ connection }) => connection.jump === name)
  if (behind) throw new UsageError(...ACCESS(name))
  if (!host.groups.includes('agents'))
    throw new UsageError(
      `${name} is no agent of the cluster`,
      "only hosts of the group 'agents' can be rebuilt",
    )
  return host
}

const SERVER = (name: string): [string, string] => [
  `${name} is the k3s server: its datastore is the cluster itself, and without a copy of it all objects are lost; nothing was contacted`,
  'its SD card still readable? Copy /var/lib/rancher/k3s/server and /etc/rancher to the new card, then run playbooks/cluster.yaml; ' +
    "else set the cluster up anew with playbooks/cluster.yaml: the data on the other hosts' SSDs stays, and claims have to be bound to it by hand",
]

const ACCESS = (name: string): [string, string] => [
  `${name} is the way to all other hosts and runs the image registry: nothing can be done through it while it is gone; nothing was contacted`,
  `flash it with its name, user and key, put the registry's volume back if there is a copy, run ssh-keygen -R for its name and address, and then playbooks/cluster.yaml --limit ${name}; ` +
    'if its node is rejected, first on the server: k3s kubectl delete node ' +
    name,
]

export function wishOf({ name, vars, connection }: Host, flags: RebuildFlags): Wish {
  const storage = isObject(vars.storage) ? vars.storage : {}
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const [device, mount] = [text(storage.device), text(storage.mount)]
  if (device === '' || mount === '')
    throw new UsageError(
      `the inventory does not say where the SSD of ${name} is`,
      'set storage: {device, size, mount} for it',
    )
  return {
    host: name,
    address: connection.address ?? name,
    device,
    size: text(storage.size) || undefined,
    mount,
    data: flags.data,
    acceptLoss: flags.acceptDataLoss ?? false,
    poweredOff: flags.poweredOff ?? false,
  }
}
