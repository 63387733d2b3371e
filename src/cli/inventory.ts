import { UsageError } from '../core/errors.ts'
import { didYouMean } from '../base/suggest.ts'
import type { Inventory } from '../load/program.ts'
import { loadInventory } from '../load/inventory.ts'
import { hostRange } from '../render/text.ts'

export interface InventoryFlags {
  inventory: string
  graph?: boolean
  list?: boolean
  host?: string
  output: 'text' | 'json'
}

export async function showInventory(flags: InventoryFlags): Promise<void> {
  const { inventory } = await loadInventory(flags.inventory)
  if (flags.host !== undefined) return print(varsOf(inventory, flags.host))
  if (flags.list || flags.output === 'json') return print(everything(inventory))
  process.stdout.write(`${graph(inventory).join('\n')}\n`)
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

function varsOf(inventory: Inventory, name: string): unknown {
  const host = inventory.hosts.get(name)
  if (host === undefined) {
    throw new UsageError(
      `no host '${name}' in ${inventory.file}`,
      didYouMean(name, [...inventory.hosts.keys()]),
    )
  }
  const { becomePassword, ...connection } = host.connection
  return {
    ...host,
    connection: becomePassword === undefined ? connection : { ...connection, becomePassword: '********' },
  }
}

function everything(inventory: Inventory): unknown {
  const hosts = [...inventory.hosts.keys()].map((name) => [name, varsOf(inventory, name)])
  return { hosts: Object.fromEntries(hosts), groups: Object.fromEntries(inventory.groups) }
}

function graph(inventory: Inventory): string[] {
  const groups = [...inventory.groups].sort((a, b) => b[1].length - a[1].length)
  const width = Math.max(...groups.map(([name]) => name.length))
  const rows = groups.map(([name, hosts]) => {
    return `  ${name.padEnd(width)}  ${String(hosts.length).padStart(3)}  ${hostRange(hosts)}`
  })
  return [`${inventory.file}: ${inventory.hosts.size} hosts`, ...rows]
}
