import { didYouMean } from '../../base/suggest.ts'
import type { Host } from '../../core/host.ts'
import type { Diagnostic } from '../../core/place.ts'
import type { WrittenInventory, WrittenVars } from './inventorymodel.ts'

/** Merged variables of each host, with their places. */
export type VarsOfHosts = Map<string, WrittenVars>

export function jumpCycles(hosts: Map<string, Host>, vars: VarsOfHosts): Diagnostic[] {
  const found: Diagnostic[] = []
  const seen = new Set<string>()
  for (const start of hosts.keys()) {
    const path: string[] = []
    let name: string | undefined = start
    while (name !== undefined && hosts.has(name) && !path.includes(name)) {
      path.push(name)
      name = hosts.get(name)?.connection.jump
    }
    if (name === undefined || !path.includes(name) || seen.has(name)) continue
    const cycle = path.slice(path.indexOf(name))
    for (const member of cycle) seen.add(member)
    const message = `the jump hosts form a circle: ${[...cycle, name].join(' > ')}`
    const written = vars.get(name)
    const ours = written?.get('jump')
    const hint = `write '${ours ? 'jump: null' : "ansible_ssh_common_args=''"}' for the host that is reached directly`
    const place = (ours ?? written?.get('ansible_ssh_common_args') ?? written?.get('ansible_ssh_extra_args'))
      ?.place
    found.push({ severity: 'error', place, message, hint })
  }
  return found
}

/** What is probably not meant, though it can be worked with. */
export function warningsOf(
  hosts: Map<string, Host>,
  vars: VarsOfHosts,
  inventory: WrittenInventory,
): Diagnostic[] {
  return [...sharedAddresses(hosts, vars), ...unaddressed(hosts, inventory), ...sharedNames(inventory)]
}

function sharedAddresses(hosts: Map<string, Host>, vars: VarsOfHosts): Diagnostic[] {
  const owners = new Map<string, string>()
  const found: Diagnostic[] = []
  for (const { name, connection } of hosts.values()) {
    if (connection.address === undefined || connection.kind === 'local') continue
    const key = `${connection.jump ?? ''} ${connection.address}:${connection.port ?? 22}`
    const owner = owners.get(key)
    owners.set(key, owner ?? name)
    if (owner === undefined) continue
    const message = `${name} has the same address as ${owner}: ${connection.address}`
    const written = vars.get(name)
    const place = (written?.get('ansible_host') ?? written?.get('address'))?.place
    found.push({ severity: 'warning', place, message, hint: 'give each host its own address' })
  }
  return found
}

function unaddressed(hosts: Map<string, Host>, inventory: WrittenInventory): Diagnostic[] {
  const ssh = [...hosts.values()].filter((host) => host.connection.kind === 'ssh')
  const addressed = ssh.filter((host) => host.connection.address !== undefined).map((host) => host.name)
  if (addressed.length === 0) return []
  return ssh
    .filter(({ name, connection }) => connection.address === undefined && !/[.:]/.test(name))
    .map(({ name }) => ({
      severity: 'warning',
      place: inventory.hosts.get(name)?.place,
      message: `host '${name}' has no address; its name is used`,
      hint: didYouMean(name, addressed),
    }))
}

function sharedNames(inventory: WrittenInventory): Diagnostic[] {
  return [...inventory.groups.values()]
    .filter((group) => inventory.hosts.has(group.name))
    .map(({ name, place }) => {
      const message = `'${name}' is both a host and a group`
      return { severity: 'warning', place, message, hint: 'patterns mean the group; rename one of them' }
    })
}
