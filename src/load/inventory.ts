import { didYouMean } from '../base/suggest.ts'
import { UsageError } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import type { JsonObject } from '../core/json.ts'
import type { Diagnostic } from '../core/place.ts'
import { readConnection } from './connectionvars.ts'
import { type Group, type InventoryFile, readInventoryFile, type WrittenVars } from './inventoryfile.ts'
import type { Inventory } from './program.ts'
import { type Document, readYaml } from './yaml.ts'

export interface LoadedInventory {
  inventory: Inventory
  warnings: Diagnostic[]
}

/** Reads an inventory file. Throws UsageError with every mistake in it. */
export async function loadInventory(file: string): Promise<LoadedInventory> {
  return readInventory(
    await readYaml(file, 'this is to be the inventory: write one, or name it with -i FILE'),
  )
}

/** Group variables reach hosts by `all` < parent group < child group < host; among equals the later name wins. */
export function readInventory(document: Document): LoadedInventory {
  const file = readInventoryFile(document)
  const problems = file.problems
  const depths = groupDepths(file)
  for (const group of file.groups.values()) if (!group.described) problems.push(undescribed(group, file))
  const members = groupMembers(file)
  const hosts = new Map<string, Host>()
  const vars = new Map<string, WrittenVars>()
  const names = [...file.hosts.keys()]
  for (const name of names) {
    const groups = groupsOf(name, members, depths)
    const merged = mergeVars(name, groups, file)
    vars.set(name, merged)
    const connection = readConnection(merged, names, problems)
    hosts.set(name, { name, groups, vars: plain(merged), connection })
  }
  if (hosts.size === 0 && problems.length === 0)
    problems.push({ severity: 'error', place: document.placeOf(''), message: 'the inventory holds no hosts' })
  problems.push(...jumpCycles(hosts, vars))
  if (problems.some((one) => one.severity === 'error')) throw new UsageError(once(problems))
  const warnings = [...sharedAddresses(hosts, vars), ...unaddressed(hosts, file), ...sharedNames(file)]
  return { inventory: { file: document.file, hosts, groups: members }, warnings }
}

/** Longest way from `all` to each group; cycles are reported and cut. */
function groupDepths(file: InventoryFile): Map<string, number> {
  const depths = new Map<string, number>([['all', 0]])
  const visit = (group: Group, depth: number, path: string[]): void => {
    if ((depths.get(group.name) ?? 0) < depth || !depths.has(group.name)) depths.set(group.name, depth)
    for (const [name, place] of group.children) {
      if (path.includes(name)) {
        const way = [...path.slice(path.indexOf(name)), name].join(' > ')
        const message = `group '${name}' is its own child (${way})`
        file.problems.push({ severity: 'error', place, message, hint: 'remove one of these children' })
        group.children.delete(name)
      } else visit(file.groups.get(name) as Group, depth + 1, [...path, name])
    }
  }
  for (const group of file.groups.values()) {
    const nested = [...file.groups.values()].some(
      (other) => other.name !== 'all' && other.children.has(group.name),
    )
    if (group.name !== 'all' && !nested) visit(group, 1, [group.name])
  }
  for (const group of file.groups.values()) if (!depths.has(group.name)) visit(group, 1, [group.name])
  return depths
}

function undescribed(group: Group, file: InventoryFile): Diagnostic {
  const others = [...file.groups.values()].filter((other) => other.described).map((other) => other.name)
  const message = `group '${group.name}' is named but described nowhere`
  return { severity: 'error', place: group.place, message, hint: didYouMean(group.name, others) }
}

function groupMembers(file: InventoryFile): Map<string, string[]> {
  const collect = (group: Group, into: Set<string>): Set<string> => {
    for (const host of group.hosts) into.add(host)
    for (const child of group.children.keys()) collect(file.groups.get(child) as Group, into)
    return into
  }
  const names = [...file.hosts.keys()]
  const result = new Map<string, string[]>([['all', names]])
  for (const group of file.groups.values()) {
    if (group.name === 'all') continue
    const members = collect(group, new Set())
    result.set(
      group.name,
      names.filter((name) => members.has(name)),
    )
  }
  return result
}

function groupsOf(host: string, members: Map<string, string[]>, depths: Map<string, number>): string[] {
  const depth = (group: string): number => depths.get(group) ?? 0
  return [...members.keys()]
    .filter((group) => members.get(group)?.includes(host))
    .sort((a, b) => depth(b) - depth(a) || (a < b ? 1 : -1))
}

function mergeVars(host: string, groups: string[], file: InventoryFile): WrittenVars {
  const layers = [file.hosts.get(host)?.vars, ...groups.map((group) => file.groups.get(group)?.vars)]
  return new Map(layers.reverse().flatMap((layer) => [...(layer ?? [])]))
}

function plain(vars: WrittenVars): JsonObject {
  const shown = [...vars].filter(([name]) => name !== 'become_password')
  return Object.fromEntries(shown.map(([name, written]) => [name, written.value]))
}

function jumpCycles(hosts: Map<string, Host>, vars: Map<string, WrittenVars>): Diagnostic[] {
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
    const hint = `write 'jump: null' for the host that is reached directly`
    found.push({ severity: 'error', place: vars.get(name)?.get('jump')?.place, message, hint })
  }
  return found
}

function sharedAddresses(hosts: Map<string, Host>, vars: Map<string, WrittenVars>): Diagnostic[] {
  const owners = new Map<string, string>()
  const found: Diagnostic[] = []
  for (const { name, connection } of hosts.values()) {
    if (connection.address === undefined || connection.kind === 'local') continue
    const key = `${connection.jump ?? ''} ${connection.address}:${connection.port ?? 22}`
    const owner = owners.get(key)
    owners.set(key, owner ?? name)
    if (owner === undefined) continue
    const message = `${name} has the same address as ${owner}: ${connection.address}`
    const place = vars.get(name)?.get('address')?.place
    found.push({ severity: 'warning', place, message, hint: 'give each host its own address' })
  }
  return found
}

function unaddressed(hosts: Map<string, Host>, file: InventoryFile): Diagnostic[] {
  const ssh = [...hosts.values()].filter((host) => host.connection.kind === 'ssh')
  const addressed = ssh.filter((host) => host.connection.address !== undefined).map((host) => host.name)
  if (addressed.length === 0) return []
  return ssh
    .filter((host) => host.connection.address === undefined)
    .map(({ name }) => ({
      severity: 'warning',
      place: file.hosts.get(name)?.place,
      message: `host '${name}' has no address; its name is used`,
      hint: didYouMean(name, addressed),
    }))
}

function sharedNames(file: InventoryFile): Diagnostic[] {
  return [...file.groups.values()]
    .filter((group) => file.hosts.has(group.name))
    .map(({ name, place }) => {
      const message = `'${name}' is both a host and a group`
      return { severity: 'warning', place, message, hint: 'patterns mean the group; rename one of them' }
    })
}

/** A group's variable reaches many hosts, so the same mistake turns up once per host. */
function once(problems: Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>()
  return problems.filter((one) => {
    const key = `${one.place?.line}:${one.place?.column}:${one.message}`
    return !seen.has(key) && seen.add(key)
  })
}
