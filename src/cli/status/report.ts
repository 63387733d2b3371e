import { EXIT_CODES } from '../../core/exitcodes.ts'
import type { Colours } from '../../render/colour.ts'
import { count } from '../../render/text.ts'
import type { ClusterStatus, Finding, HostStatus } from './facts.ts'
import { adviceOf, clusterLines, findingLines, type Surroundings } from './lines.ts'
import { hostLines } from './table.ts'

/** All that is shown. */
export interface StatusReport {
  hosts: HostStatus[]
  cluster: ClusterStatus
  findings: Finding[]
  around: Surroundings
  /** What the command ends with. */
  code: number
}

/** `hosts`: all that were asked, also the server that is not shown. */
export function exitCode(hosts: HostStatus[], findings: Finding[]): number {
  if (hosts.some(({ unreachable }) => unreachable)) return EXIT_CODES.unreachable
  if (findings.some(({ kind }) => kind === 'failing')) return EXIT_CODES.failed
  return findings.some(({ kind }) => kind === 'differs') ? EXIT_CODES.pending : EXIT_CODES.ok
}

/** `columns`: of the terminal, where it is one. */
export function textOf(
  { hosts, cluster, findings, around, code }: StatusReport,
  colours: Colours,
  columns?: number,
): string[] {
  const told = findingLines(findings, around, colours)
  return [
    ...hostLines(hosts, cluster, findings, colours, columns),
    '',
    ...clusterLines(hosts, cluster),
    ...(told.length === 0 ? [] : ['', ...told, '']),
    code === EXIT_CODES.ok ? colours.green('All is well.') : verdict(hosts, cluster, findings),
  ]
}

function verdict(hosts: HostStatus[], { server, state }: ClusterStatus, findings: Finding[]): string {
  const number = (kind: Finding['kind']) => findings.filter((finding) => finding.kind === kind).length
  const gone = hosts.filter(({ unreachable }) => unreachable).length
  const parts = [
    ...(gone > 0 ? [`${count(gone, 'host')} unreachable`] : []),
    ...(gone === 0 && state === 'unknown' ? [`the server ${server} is unreachable`] : []),
    ...(number('failing') > 0 ? [`${number('failing')} failing`] : []),
    ...(number('differs') > 0 ? [`${number('differs')} not as described`] : []),
  ]
  return `${parts.join(', ')}.`
}

/** The same for programs; docs/status.md tells of its keys. */
export function jsonOf({ hosts, cluster, findings, around, code }: StatusReport): unknown {
  const { server, state, overview, ring, errors } = cluster
  const found = overview ?? { nodes: null, pods: null, workloads: null, volumes: null }
  return {
    exit_code: code,
    hosts: hosts.map(({ host, round_trips, health = null, error = null, hint = null, unreachable }) => ({
      host: host.name,
      reachable: unreachable !== true,
      round_trips,
      error,
      hint,
      health,
      node: overview?.nodes.find(({ name }) => name === host.name.toLowerCase()) ?? null,
    })),
    cluster: { server: server ?? null, state, ...found, ring, errors },
    findings: findings.map((finding) => ({
      kind: finding.kind,
      hosts: finding.hosts,
      text: finding.text,
      advice: adviceOf(finding, around) ?? null,
    })),
  }
}
