import { parseSize } from '../base/bytes.ts'
import { UsageError } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import type { Json } from '../core/json.ts'
import type { Diagnostic } from '../core/place.ts'
import type { Inventory } from '../load/program.ts'

/** A host of the inventory as the lab builds it. */
export interface LabNode {
  name: string
  address: string
  /** The laptop reaches it without a jump host. */
  direct: boolean
  /** Name of the host in between, where there is one. */
  jump?: string
  /** Memory in bytes. */
  memory: number
  /** Size in bytes. */
  disk?: { device: string; size: number }
}

/** The accounts of the image have this name. */
export const USER = 'pi'
const DEFAULT_MEMORY = 1024 ** 3

/** Reads from the inventory what the lab has to build. Throws UsageError with all that is missing or odd. */
export function labNodes(inventory: Inventory): LabNode[] {
  const problems: Diagnostic[] = []
  const nodes: LabNode[] = []
  for (const host of inventory.hosts.values()) {
    if (host.connection.kind === 'local') continue
    try {
      nodes.push(labNode(host, inventory))
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      problems.push(...error.diagnostics)
    }
  }
  const networks = new Set(nodes.map((node) => network(node.address)))
  if (networks.size > 1) {
    const message = `the lab has one network of 254 addresses; the inventory has ${[...networks].join(', ')}`
    problems.push({ severity: 'error', message })
  }
  if (problems.length > 0) throw new UsageError(problems)
  return nodes
}

/** The first three numbers of an address. */
export function network(address: string): string {
  return address.slice(0, address.lastIndexOf('.'))
}

function labNode(host: Host, inventory: Inventory): LabNode {
  const { address = '', user, jump, port } = host.connection
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(address)) {
    throw new UsageError(`${host.name}: the lab needs its IPv4 address`, 'write address: in the inventory')
  }
  if (user !== undefined && user !== USER) {
    throw new UsageError(`${host.name}: the lab's hosts have the user '${USER}', not '${user}'`)
  }
  if (port !== undefined && port !== 22) {
    throw new UsageError(`${host.name}: the lab's hosts answer on port 22, not ${port}`)
  }
  if (jump !== undefined && !inventory.hosts.has(jump)) {
    throw new UsageError(
      `${host.name}: its jump host '${jump}' is not in the inventory, so the lab can't build it`,
    )
  }
  const ram = host.vars.ram
  const memory = ram === undefined ? DEFAULT_MEMORY : sizeOf(ram, `${host.name}: ram`)
  const disk = diskOf(host)
  return { name: host.name, address, direct: jump === undefined, jump, memory, disk }
}

function diskOf(host: Host): LabNode['disk'] {
  const { storage } = host.vars
  if (storage === undefined || storage === null) return undefined
  const { device, size } = (typeof storage === 'object' ? storage : {}) as Record<string, Json>
  if (typeof device !== 'string' || !/^\/dev\/[a-z0-9]+$/.test(device)) {
    throw new UsageError(`${host.name}: storage.device is ${JSON.stringify(device)}`, 'write it as /dev/sda')
  }
  return { device, size: sizeOf(size, `${host.name}: storage.size`) }
}

/** In bytes. */
function sizeOf(value: Json | undefined, what: string): number {
  const size = typeof value === 'string' ? parseSize(value) : undefined
  if (size !== undefined && size > 0) return size
  throw new UsageError(`${what} is ${JSON.stringify(value ?? null)}`, 'write a size as 2GiB, 512MiB or 1TB')
}
