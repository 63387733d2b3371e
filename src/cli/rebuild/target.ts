import { isObject } from '../../probe/docker.ts'
import { UsageError } from '../../core/errors.ts'
import { didYouMean } from '../../base/suggest.ts'
import type { Host } from '../../core/host.ts'
import type { Inventory } from '../../load/program.ts'
import type { Wish } from '../../probe/rebuildwish.ts'
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
  /** A backup, or a folder with backups; for the server and the access node. */
  from?: string
  output?: 'live' | 'plain' | 'json'
  verbose?: boolean
}

/** What a host is to the cluster; each kind is rebuilt in a way of its own. */
export type TargetKind = 'agent' | 'server' | 'access'

/** The host that is to be rebuilt. Throws UsageError for those that can't be rebuilt alone, with the way. */
export function targetOf(inventory: Inventory, name: string): { target: Host; kind: TargetKind } {
  const target = inventory.hosts.get(name)
  if (target === undefined) {
    const names = [...inventory.hosts.keys()]
    throw new UsageError(`there is no host '${name}' in the inventory`, didYouMean(name, names))
  }
  const server = serverOf(inventory)
  if (server === undefined)
    throw new UsageError('the inventory names no k3s server', "give it a group 'server', or k3s_role: server")
  if (name === server) return { target, kind: 'server' }
  if (!target.groups.includes('agents'))
    throw new UsageError(
      `${name} is no agent of the cluster`,
      "only the server and hosts of the group 'agents' can be rebuilt",
    )
  const behind = [...inventory.hosts.values()].some(({ connection }) => connection.jump === name)
  return { target, kind: behind ? 'access' : 'agent' }
}

/** Throws UsageError for words that say nothing about such a host: they would be taken for heard. */
export function refuseForeignFlags(name: string, kind: TargetKind, flags: RebuildFlags): void {
  const { data, from, poweredOff, acceptDataLoss } = flags
  const refuse = (flag: string, hint: string): never => {
    throw new UsageError(`${flag} says nothing about ${name}`, hint)
  }
  if (kind === 'agent' && from !== undefined)
    refuse('--from', 'an agent comes back from its SSD, not from a backup: leave it out')
  if (kind === 'agent') return
  if (data === 'lost' || acceptDataLoss)
    refuse('--data lost', 'it is for agents; what was lost here comes from a backup: leave it out')
  if (poweredOff) refuse('--powered-off', 'it is for agents, of which the cluster can let go: leave it out')
}

/** Where its SSD is; empty texts where the inventory names none. */
export function storageOf({ vars }: Host): { device: string; size?: string; mount: string } {
  const storage = isObject(vars.storage) ? vars.storage : {}
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  return { device: text(storage.device), size: text(storage.size) || undefined, mount: text(storage.mount) }
}

export function wishOf(target: Host, flags: RebuildFlags): Wish {
  const { name, connection } = target
  const { device, size, mount } = storageOf(target)
  if (device === '' || mount === '')
    throw new UsageError(
      `the inventory does not say where the SSD of ${name} is`,
      'set storage: {device, size, mount} for it',
    )
  return {
    host: name,
    address: connection.address ?? name,
    device,
    size,
    mount,
    data: flags.data,
    acceptLoss: flags.acceptDataLoss ?? false,
    poweredOff: flags.poweredOff ?? false,
  }
}
