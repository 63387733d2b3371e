import type { News } from './exchange.ts'
import { loadOf, type Member, ownership, present, type Ring } from './ring.ts'

/** As Cassandra writes sizes: `165.1 KiB`. */
export function formatSize(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024
  return `${Number(value.toFixed(2))} ${units[unit]}`
}

const letters = { joining: 'J', normal: 'N', leaving: 'L', left: 'L', removed: 'L' }

const differing =
  "Note: Non-system keyspaces don't have the same replication settings, effective ownership information is meaningless\n"

/** Output of `nodetool status`, of one keyspace or of those there are. */
export function statusText({ ring, live }: News, keyspace?: string): string {
  const named = keyspace === undefined ? undefined : ring.schema.keyspaces[keyspace]
  if (keyspace !== undefined && named === undefined)
    return `\nError: The keyspace ${keyspace}, does not exist\n`
  const all = Object.values(ring.schema.keyspaces)
  const settings = new Set(all.map((one) => `${one.strategy} ${one.copies}`))
  const isEffective = named !== undefined || settings.size < 2
  // Without any keyspace of the user's it is that of system_traces, which has two copies.
  const copies = isEffective ? (named?.copies ?? all[0]?.copies ?? 2) : 1
  const shares = ownership(ring, copies)
  const centers = [...new Set(present(ring).map((one) => one.datacenter))].sort()
  const text = centers.map((center) => centerText(ring, center, new Set(live), shares, isEffective)).join('')
  return isEffective ? text : `${text}${differing}`
}

function centerText(
  ring: Ring,
  center: string,
  live: Set<string>,
  shares: Map<string, number>,
  isEffective: boolean,
): string {
  const title = `Datacenter: ${center}`
  const legend = ['Status=Up/Down', '|/ State=Normal/Leaving/Joining/Moving']
  const heading = [
    '--',
    'Address',
    'Load',
    'Tokens',
    isEffective ? 'Owns (effective)' : 'Owns',
    'Host ID',
    'Rack',
  ]
  const members = present(ring).filter((one) => one.datacenter === center)
  const rows = members.map((one) => row(ring, one, live.has(one.hostId), shares))
  return `${[title, '='.repeat(title.length), ...legend, ...table([heading, ...rows])].join('\n')}\n\n`
}

function row(ring: Ring, member: Member, isUp: boolean, shares: Map<string, number>): string[] {
  const share = shares.get(member.hostId)
  return [
    `${isUp ? 'U' : 'D'}${letters[member.state]}`,
    member.address,
    member.state === 'joining' ? '?' : formatSize(loadOf(ring, member)),
    String(member.tokens.length),
    share === undefined ? '?' : `${(share * 100).toFixed(1)}%`,
    member.hostId,
    member.rack,
  ]
}

function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, index) =>
    Math.max(...rows.map((cells) => cells[index]?.length ?? 0)),
  )
  return rows.map((cells) => cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  '))
}
