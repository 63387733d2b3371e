import type { Colours } from './colour.ts'
import type { HostReport, HostState, RunReport } from './report.ts'
import { duration, padEnd, padStart, width } from './text.ts'

/** One line per host: how many steps ended how, how long it took, and what became of it. */
export function tableLines(report: RunReport, colours: Colours): string[] {
  const hosts = Object.values(report.hosts)
  if (hosts.length === 0) return []
  const changed = report.mode === 'check' ? 'would change' : 'changed'
  const extra = EXTRA.filter((column) => hosts.some((host) => host[column] > 0))
  const head = ['host', 'ok', changed, 'skipped', 'failed', ...extra, 'time', '']
  const rows = hosts.map((host) => cells(host, extra))
  const widths = head.map((title, at) => Math.max(width(title), ...rows.map((row) => width(row[at]!))))
  const line = (row: string[]) =>
    row.map((cell, at) => (at === 0 || at === row.length - 1 ? padEnd : padStart)(cell, widths[at]!))
  return [
    colours.dim(line(head).join('  ').trimEnd()),
    ...hosts.map((host, at) => colourRow(line(rows[at]!), host, colours).join('  ').trimEnd()),
  ]
}

/** Columns that are there only when they have something to say. */
const EXTRA = ['ignored', 'rescued', 'unknown'] as const

function cells(host: HostReport, extra: readonly (typeof EXTRA)[number][]): string[] {
  const { ok, changed, skipped, failed } = host
  const numbers = [ok, changed, skipped, failed, ...extra.map((column) => host[column])].map(String)
  return [host.host, ...numbers, duration(host.to - host.from), stateText(host)]
}

const stateTexts: Record<HostState, string> = {
  waiting: 'not reached',
  running: 'cut off',
  done: '',
  failed: 'FAILED',
  unreachable: 'UNREACHABLE',
  interrupted: 'interrupted',
  stopped: 'stopped',
}

function stateText(host: HostReport): string {
  return stateTexts[host.state]
}

function colourRow(row: string[], host: HostReport, colours: Colours): string[] {
  const paints: Record<number, (text: string) => string> = {
    1: host.ok > 0 ? colours.green : colours.dim,
    2: host.changed > 0 ? colours.yellow : colours.dim,
    3: colours.dim,
    4: host.failed > 0 ? colours.red : colours.dim,
    [row.length - 1]: colours.red,
  }
  return row.map((cell, at) => paints[at]?.(cell) ?? cell)
}
