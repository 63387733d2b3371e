import { ALWAYS, type Group, type WrittenInventory } from './inventorymodel.ts'

/** Longest way from `all` to each group; cycles are reported and cut. */
export function groupDepths(inventory: WrittenInventory): Map<string, number> {
  const { groups, problems } = inventory
  const depths = new Map<string, number>([['all', 0]])
  const visit = (group: Group, depth: number, path: string[]): void => {
    if ((depths.get(group.name) ?? 0) < depth || !depths.has(group.name)) depths.set(group.name, depth)
    for (const [name, place] of group.children) {
      if (path.includes(name)) {
        const way = [...path.slice(path.indexOf(name)), name].join(' > ')
        const message = `group '${name}' is its own child (${way})`
        problems.push({ severity: 'error', place, message, hint: 'remove one of these children' })
        group.children.delete(name)
      } else visit(groups.get(name) as Group, depth + 1, [...path, name])
    }
  }
  const nested = new Set(
    [...groups.values()].flatMap((group) => (group.name === 'all' ? [] : [...group.children.keys()])),
  )
  for (const group of groups.values())
    if (group.name !== 'all' && !nested.has(group.name)) visit(group, 1, [group.name])
  for (const group of groups.values()) if (!depths.has(group.name)) visit(group, 1, [group.name])
  return depths
}

/** Group name to its hosts, those of its children too, in the order of the inventory; `ungrouped` only where it matters. */
export function groupMembers(inventory: WrittenInventory): Map<string, string[]> {
  const { groups, hosts } = inventory
  const collect = (group: Group, into: Set<string>): Set<string> => {
    for (const host of group.hosts) into.add(host)
    for (const child of group.children.keys()) collect(groups.get(child) as Group, into)
    return into
  }
  const names = [...hosts.keys()]
  const result = new Map<string, string[]>([['all', names]])
  const grouped = new Set<string>()
  for (const group of groups.values()) {
    if (ALWAYS.includes(group.name)) continue
    const members = collect(group, new Set())
    for (const name of members) grouped.add(name)
    const inOrder = names.filter((name) => members.has(name))
    result.set(group.name, inOrder)
  }
  const alone = names.filter((name) => !grouped.has(name))
  if (alone.length > 0) result.set('ungrouped', alone)
  return result
}

/** Names of the groups of each host, nearest first, `all` last: by depth, then ansible_group_priority, then name. */
export function groupsOfHosts(
  inventory: WrittenInventory,
  members: Map<string, string[]>,
  depths: Map<string, number>,
): Map<string, string[]> {
  const rank = (name: string): [number, number] => [
    name === 'ungrouped' ? 1 : (depths.get(name) ?? 0),
    priorityOf(inventory.groups.get(name)),
  ]
  const inOrder = [...members.keys()]
    .map((name) => ({ name, rank: rank(name) }))
    .sort((a, b) => b.rank[0] - a.rank[0] || b.rank[1] - a.rank[1] || (a.name < b.name ? 1 : -1))
  const result = new Map<string, string[]>([...inventory.hosts.keys()].map((name) => [name, []]))
  for (const { name } of inOrder) for (const host of members.get(name) ?? []) result.get(host)?.push(name)
  return result
}

function priorityOf(group: Group | undefined): number {
  const value = group?.vars
    .findLast((vars) => vars.has('ansible_group_priority'))
    ?.get('ansible_group_priority')
  return Number(value?.value ?? 1) || 1
}
