import { sizeText } from '../../base/bytes.ts'
import type { HealthFact } from '../../probe/health.ts'
import type { Overview, OverviewNode } from '../../probe/overview.ts'
import type { Colours } from '../../render/colour.ts'
import { clip, padEnd, printable, width } from '../../render/text.ts'
import { type ClusterStatus, type Column, expectedOf, type Finding, type HostStatus } from './facts.ts'
import { paintOf } from './lines.ts'

const HEAD = ['host', 'up for', 'k3s', 'node', 'SSD', 'SD free', 'memory', 'temp', 'power']
/** Where the columns of findings are in the head. */
const AT: Record<Column, number> = { k3s: 2, node: 3, ssd: 4, sd: 5, temperature: 7, power: 8 }
/** Of a terminal that does not tell. */
const COLUMNS = 100

/** A row for each host; what a finding is about is marked by "!". In a narrow terminal it says less. */
export function hostLines(
  hosts: HostStatus[],
  cluster: ClusterStatus,
  findings: Finding[],
  colours: Colours,
  columns = COLUMNS,
): string[] {
  const wide = tableOf(hosts, cluster, findings, colours, { columns, brief: false })
  if (wide.every((line) => width(line) <= columns)) return wide
  return tableOf(hosts, cluster, findings, colours, { columns, brief: true })
}

interface Room {
  columns: number
  /** Without what all hosts have in common: the role of an agent, the size of a disk. */
  brief: boolean
}

function tableOf(
  hosts: HostStatus[],
  cluster: ClusterStatus,
  findings: Finding[],
  colours: Colours,
  { columns, brief }: Room,
): string[] {
  const rows = hosts.map((one) => ({ one, cells: cellsOf(one, cluster.overview, brief) }))
  const marks = rows.map(({ one }) => marksOf(one.host.name, findings))
  const shown = rows.map(({ cells }, row) =>
    cells?.map((cell, at) => (marks[row]?.has(at) ? `${cell}!` : cell)),
  )
  const widths = HEAD.map((title, at) =>
    Math.max(
      width(at === 0 ? longest(hosts) : title),
      ...shown.map((cells) => (cells === undefined ? 0 : width(cells[at] ?? ''))),
    ),
  )
  const line = (cells: string[], paint = (_: number, text: string) => text) =>
    cells
      .map((cell, at) => paint(at, padEnd(cell, widths[at] ?? 0)))
      .join('  ')
      .trimEnd()
  return [
    colours.dim(line(HEAD)),
    ...rows.map(({ one }, row) => {
      const cells = shown[row]
      if (cells === undefined) return troubleLine(one, widths[0] ?? 0, columns, colours)
      return line(cells, (at, text) => {
        const kind = marks[row]?.get(at)
        return kind === undefined ? text : paintOf(kind, colours)(text)
      })
    }),
  ]
}

function longest(hosts: HostStatus[]): string {
  return hosts
    .map(({ host }) => host.name)
    .reduce((one, other) => (other.length > one.length ? other : one), 'host')
}

function troubleLine(
  { host, unreachable, error = '' }: HostStatus,
  first: number,
  columns: number,
  colours: Colours,
): string {
  const word = unreachable ? 'unreachable: ' : ''
  const why = printable(error.split('\n')[0] ?? '').replace(`${host.name}: `, '')
  return colours.red(`${padEnd(host.name, first)}  ${clip(`${word}${why}`, columns - first - 2)}`)
}

/** Kinds of findings by the place of their column. */
function marksOf(host: string, findings: Finding[]): Map<number, Finding['kind']> {
  const marks = new Map<number, Finding['kind']>()
  for (const { hosts, column, kind } of findings) {
    if (column === undefined || !hosts.includes(host)) continue
    const before = marks.get(AT[column])
    if (before !== 'failing') marks.set(AT[column], kind)
  }
  return marks
}

function cellsOf(
  { host, health }: HostStatus,
  overview: Overview | null,
  brief: boolean,
): string[] | undefined {
  if (health === undefined) return undefined
  const expected = expectedOf(host)
  const node = overview?.nodes.find(({ name }) => name === host.name.toLowerCase())
  return [
    host.name,
    since(health.uptime),
    k3sCell(health, brief),
    expected.role === undefined || overview === null ? '-' : nodeCell(node),
    expected.mount === undefined ? '-' : ssdCell(health, brief),
    sizeText(health.root.free),
    health.memory === null ? '-' : sizeText(health.memory.available),
    health.temperature === null ? '-' : `${Math.round(health.temperature)} °C`,
    powerCell(health),
  ]
}

/** A time in the largest unit that holds it twice. */
function since(seconds: number): string {
  if (seconds >= 2 * 86_400) return `${Math.floor(seconds / 86_400)} d`
  return seconds >= 2 * 3600 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 60)} min`
}

function k3sCell({ k3s }: HealthFact, brief: boolean): string {
  if (k3s.role === null) return '-'
  return `${brief ? '' : `${k3s.role} `}${k3s.active === 'active' ? (k3s.version ?? '') : k3s.active}`
}

function nodeCell(node: OverviewNode | undefined): string {
  if (node === undefined) return 'missing'
  if (!node.ready) return 'NotReady'
  return node.schedulable ? 'Ready' : 'cordoned'
}

function ssdCell({ storage }: HealthFact, brief: boolean): string {
  if (storage === null) return 'none'
  const size = brief ? '' : ` of ${sizeText(storage.device_size || storage.size)}`
  return `${storage.use_percent}%${size}`
}

function powerCell({ throttled }: HealthFact): string {
  if (throttled === null) return '-'
  if ((throttled & 1) !== 0) return 'low'
  if ((throttled & 0b1110) !== 0) return 'slowed'
  return (throttled & 0x1_0000) === 0 ? 'ok' : 'was low'
}
