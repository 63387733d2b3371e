import { printedJson } from '../base/printed-json.ts'
import { Redactor } from '../base/redact.ts'
import { didYouMean } from '../base/suggest.ts'
import { UsageError } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import type { JsonObject } from '../core/json.ts'
import { loadInventory } from '../load/inventory/inventory.ts'
import type { Inventory } from '../load/program.ts'
import { coloursFor } from '../render/colour.ts'
import { diagnosticsText } from '../render/diagnostics.ts'
import { count, hostRange } from '../render/text.ts'

export interface InventoryFlags {
  inventory: string | string[]
  graph?: boolean
  list?: boolean
  host?: string
  output: 'text' | 'json'
}

export async function showInventory(flags: InventoryFlags): Promise<void> {
  const { inventory, warnings } = await loadInventory(flags.inventory)
  const told = diagnosticsText(warnings, coloursFor(process.stderr))
  if (told !== '') process.stderr.write(`${told}\n`)
  if (flags.host !== undefined) return print(oneHost(inventory, flags.host))
  if (flags.list || flags.output === 'json') return print(ansibleList(inventory))
  process.stdout.write(`${graph(inventory).join('\n')}\n`)
}

function print(value: unknown): void {
  process.stdout.write(`${printedJson(new Redactor().maskAll(value), 2)}\n`)
}

function oneHost(inventory: Inventory, name: string): unknown {
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

/** What Ansible takes from a program called with --list, so that it can use this inventory, too. */
export function ansibleList(inventory: Inventory): JsonObject {
  const hosts = [...inventory.hosts.values()].map(
    (host) => [host.name, ansibleVars(host, inventory)] as const,
  )
  const groups = [...inventory.groups].filter(([name]) => name !== 'all')
  return {
    _meta: { hostvars: Object.fromEntries(hosts) },
    all: { children: groups.map(([name]) => name) },
    ...Object.fromEntries(groups.map(([name, members]) => [name, { hosts: members }])),
  }
}

/** A host's variables, with how to connect in Ansible's words; without passwords. */
function ansibleVars(host: Host, inventory: Inventory): JsonObject {
  const { kind, address, port, user, key, jump, become, becomeUser } = host.connection
  const words = {
    ansible_connection: kind === 'local' ? kind : undefined,
    ansible_host: address,
    ansible_port: port,
    ansible_user: user,
    ansible_ssh_private_key_file: key,
    ansible_ssh_common_args: jump === undefined ? undefined : `-o ProxyJump=${jumpChain(jump, inventory)}`,
    ansible_become: become,
    ansible_become_user: becomeUser,
  }
  const said = Object.entries(words).filter(([, value]) => value !== undefined)
  return { ...host.vars, ...(Object.fromEntries(said) as JsonObject) }
}

/** Ansible's ssh knows no names of the inventory: each hop is written out, the first one first. */
function jumpChain(jump: string, inventory: Inventory): string {
  const connection = inventory.hosts.get(jump)?.connection
  if (connection === undefined) return jump
  const { user, address = jump, port } = connection
  const hop = `${user === undefined ? '' : `${user}@`}${address}${port === undefined ? '' : `:${port}`}`
  return connection.jump === undefined ? hop : `${jumpChain(connection.jump, inventory)},${hop}`
}

function graph(inventory: Inventory): string[] {
  const groups = [...inventory.groups].sort((a, b) => b[1].length - a[1].length)
  const width = Math.max(...groups.map(([name]) => name.length))
  const rows = groups.map(([name, hosts]) => {
    return `  ${name.padEnd(width)}  ${String(hosts.length).padStart(3)}  ${hostRange(hosts)}`
  })
  return [`${inventory.file}: ${count(inventory.hosts.size, 'host')}`, ...rows]
}
