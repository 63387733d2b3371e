import type { Overview } from '../../probe/overview.ts'
import type { Colours } from '../../render/colour.ts'
import { count, hostRange, padEnd, printable } from '../../render/text.ts'
import { provisionersOf, ringSize } from './cluster.ts'
import { type ClusterStatus, expectedOf, type Finding, type HostStatus } from './facts.ts'

/** What the cluster is made of, one line each. */
export function clusterLines(hosts: HostStatus[], cluster: ClusterStatus): string[] {
  const { overview, state } = cluster
  const registry: [string, string] = ['registry', registryText(hosts)]
  const lines: [string, string][] =
    overview === null
      ? [['cluster', NO_CLUSTER[state]], registry]
      : [
          ['cluster', clusterText(hosts, overview)],
          registry,
          ['cassandra', cassandraText(cluster, overview)],
          ['dashboard', dashboardText(overview)],
          ['storage', storageText(overview)],
        ]
  return lines.filter(([, text]) => text !== '').map(([name, text]) => `${padEnd(name, 9)}  ${text}`)
}

const NO_CLUSTER: Record<ClusterStatus['state'], string> = {
  absent: 'none yet (playbooks/cluster.yaml)',
  down: 'the API server does not answer',
  unknown: 'not known, for its server could not be asked',
  seen: '',
}

function clusterText(hosts: HostStatus[], { nodes, pods }: Overview): string {
  const ready = nodes.filter((node) => node.ready).length
  const running = pods.filter(({ state }) => state === 'ready' || state === 'done').length
  const simulated = hosts.some(({ health }) => health?.k3s.simulated) ? '; k3s is simulated' : ''
  return `${ready} of ${nodes.length} nodes Ready, ${running} of ${pods.length} pods running${simulated}`
}

function registryText(hosts: HostStatus[]): string {
  const asked = hosts.flatMap(({ host, health }) =>
    health?.registry ? [{ where: expectedOf(host).registry, ...health.registry }] : [],
  )
  const [first] = asked
  if (first === undefined) return ''
  const answered = asked.filter(({ status }) => status === 200)
  const images = answered.find((one) => one.images !== null)?.images
  const held = images === undefined ? '' : `, ${images} ${images === 1 ? 'image' : 'images'}`
  return `${first.where} answers ${answered.length} of ${count(asked.length, 'host')}${held}`
}

function cassandraText({ ring }: ClusterStatus, overview: Overview): string {
  const size = ringSize(overview)
  if (size === undefined) return 'not deployed (playbooks/cassandra.yaml)'
  const answers = ring?.views.filter(({ members }) => members.length > 0) ?? []
  const seen = answers.map(({ members }) => members.filter(({ state }) => state === 'UN').length)
  const up = seen.length === 0 ? 0 : Math.min(...seen)
  const nodes = new Set(ring?.pods.map(({ node }) => node)).size
  return `${count(up, 'member')} up and normal (UN) on ${count(nodes, 'node')}, ${size} wanted`
}

function dashboardText({ workloads }: Overview): string {
  const found = workloads.find(({ namespace, name }) => `${namespace}/${name}` === DASHBOARD)
  if (found === undefined) return 'not deployed (playbooks/dashboard.yaml)'
  return found.ready >= found.wanted ? 'ready; open it with: provision dashboard' : 'not ready'
}

const DASHBOARD = 'kubernetes-dashboard/kubernetes-dashboard'

function storageText(overview: Overview): string {
  const found = provisionersOf(overview)
  if (found.length === 0) return 'no provisioner (playbooks/storage.yaml)'
  const where = found.map(({ namespace, name }) => `${namespace}/${name}`).join(' and ')
  return `${where}, ${overview.volumes} ${overview.volumes === 1 ? 'volume' : 'volumes'}`
}

/** Each finding and what to do about it, the worst first. */
export function findingLines(findings: Finding[], around: Surroundings, colours: Colours): string[] {
  const order = ['failing', 'differs', 'note']
  return findings
    .toSorted((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind))
    .flatMap((finding) => {
      const { kind, hosts, text } = finding
      const who = hosts.length === 0 ? '' : `${hostRange(hosts)}: `
      const todo = adviceOf(finding, around)
      return [
        `${paintOf(kind, colours)(padEnd(kind, 7))}  ${who}${printable(text)}`,
        ...(todo === undefined ? [] : [`         ${todo}`]),
      ]
    })
}

/** What the commands of an advice depend on. */
export interface Surroundings {
  /** How many hosts the inventory has. */
  hosts: number
  server: string | undefined
  /** Options that every command needs, e.g. " --lab". */
  options: string
}

/** What to do about a finding, in words that can be pasted. */
export function adviceOf(
  finding: Finding,
  { hosts: all, server = '', options }: Surroundings,
): string | undefined {
  const { hosts, playbook, hint } = finding
  const names = hostRange(hosts).replaceAll(', ', ',')
  const pattern = names.includes('[') ? `'${names}'` : names
  const limit = hosts.length === 0 || hosts.length === all ? '' : ` --limit ${pattern}`
  const text = playbook === undefined ? hint : `run: provision ${playbook}${limit}`
  return text
    ?.replace(/provision (exec|\S+\.yaml)/, `provision $1${options}`)
    .replaceAll('<host>', pattern)
    .replaceAll('<server>', server)
}

export function paintOf(kind: Finding['kind'], colours: Colours): (text: string) => string {
  return kind === 'failing' ? colours.red : kind === 'differs' ? colours.yellow : colours.cyan
}
