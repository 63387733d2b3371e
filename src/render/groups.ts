import type { RunReport } from './report.ts'
import { hostRange } from './text.ts'

/** Texts said of several hosts, with these hosts, in the order of first mention. */
export type Groups = Map<string, string[]>

const itself = '<host>'

/** The same text for many hosts is one entry: 15 hosts x 12 changes are read at a glance or not at all. */
export function groupByText(pairs: { host: string; text: string }[]): Groups {
  const groups: Groups = new Map()
  for (const { host, text } of pairs) {
    const alike = text.replaceAll(new RegExp(`(?<![A-Za-z0-9])${escape(host)}(?![A-Za-z0-9])`, 'g'), itself)
    const hosts = groups.get(alike)
    if (!hosts) groups.set(alike, [host])
    else if (!hosts.includes(host)) hosts.push(host)
  }
  return new Map(
    [...groups].map(([text, hosts]) => [
      hosts.length === 1 ? text.replaceAll(itself, hosts[0]!) : text,
      hosts,
    ]),
  )
}

function escape(text: string): string {
  return text.replace(/[^\w]/g, '\\$&')
}

/** "all 15 hosts", or their names in the order of the inventory. */
export function hostsText(hosts: string[], report: RunReport): string {
  const all = Object.keys(report.hosts)
  if (hosts.length === all.length && all.length > 1) return `all ${all.length} hosts`
  return hostRange(all.filter((host) => hosts.includes(host)))
}
