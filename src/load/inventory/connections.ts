import type { ConnectionOptions } from '../../core/host.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { ANSIBLE_NAMES, CONNECTION_NAMES, speaksAnsible } from './connectionnames.ts'
import { readConnection } from './connectionvars.ts'
import type { WrittenInventory, WrittenVars } from './inventorymodel.ts'

interface Surroundings {
  written: WrittenInventory
  /** Merged, by host. */
  vars: Map<string, WrittenVars>
  groups: Map<string, string[]>
  extraVars: JsonObject | undefined
}

/** How to reach each host. Mistakes go to the inventory's problems. */
export async function connectionsOf(around: Surroundings): Promise<Map<string, ConnectionOptions>> {
  const { written, vars } = around
  const names = [...written.hosts.keys()]
  const found = new Map<string, ConnectionOptions>()
  for (const [name, own] of vars) {
    const format = written.hosts.get(name)?.ansible ?? false
    const mixed = !format && speaksAnsible(own.keys())
    const given = await evaluated(name, withExtra(own, around.extraVars), around)
    const host = { vars: given, ansible: format || mixed, mixed, hosts: names }
    found.set(name, await readConnection(host, written.problems))
  }
  for (const connection of found.values()) joinJump(connection, found)
  return found
}

function withExtra(vars: WrittenVars, extraVars: JsonObject = {}): WrittenVars {
  const extra = Object.entries(extraVars).filter(([name]) => ANSIBLE_NAMES.has(name))
  if (extra.length === 0) return vars
  const place = { file: '-e', line: 1, column: 1 }
  return new Map([...vars, ...extra.map(([name, value]) => [name, { value, place }] as const)])
}

const CONNECTING = [...ANSIBLE_NAMES, ...Object.keys(CONNECTION_NAMES), 'jump']

/** What says how to connect may be made from other variables of the host; templates are loaded only where one is. */
async function evaluated(host: string, vars: WrittenVars, around: Surroundings): Promise<WrittenVars> {
  const templated = CONNECTING.filter((name) => isTemplate(vars.get(name)?.value))
  if (templated.length === 0) return vars
  const { evaluateVars } = await import('./hosttemplates.ts')
  return evaluateVars(host, vars, templated, around)
}

function isTemplate(value: Json | undefined): boolean {
  return typeof value === 'string' && value.includes('{{')
}

/** A jump written as an address is the host of the inventory that lives there, so that both share a connection. */
function joinJump(connection: ConnectionOptions, all: Map<string, ConnectionOptions>): void {
  const [, user, address, port] = /^(?:([^@]+)@)?([^@:,]+)(?::(\d+))?$/.exec(connection.jump ?? '') ?? []
  if (address === undefined || all.has(connection.jump as string)) return
  for (const [name, other] of all) {
    const there = other.address === address || name === address
    const same = there && other !== connection && (user === undefined || user === other.user)
    if (same && Number(port ?? 22) === (other.port ?? 22)) connection.jump = name
  }
}
