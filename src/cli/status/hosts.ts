import { parseSize, sizeText } from '../../base/bytes.ts'
import { compareK3sVersions, parseK3sVersion } from '../../base/k3s-version.ts'
import type { HealthFact } from '../../probe/health.ts'
import { NODE_LOST, type Overview, type OverviewNode } from '../../probe/overview.ts'
import {
  type ClusterStatus,
  type Column,
  type Expected,
  expectedOf,
  type Finding,
  type HostStatus,
} from './facts.ts'

const CLUSTER_PLAYBOOK = 'playbooks/cluster.yaml'

/** Everything about hosts that is not as it should be; what holds for several of them is said once. */
export function hostFindings(hosts: HostStatus[], { overview }: ClusterStatus): Finding[] {
  const all = hosts.flatMap(({ host, health, error, hint, unreachable }): Finding[] => {
    const node = overview?.nodes.find(({ name }) => name === host.name.toLowerCase())
    const lost = lostPods(overview, host.name.toLowerCase())
    if (unreachable)
      return node === undefined || node.ready
        ? []
        : [{ kind: 'failing', hosts: [host.name], text: `the node is not Ready${lost}` }]
    if (health === undefined)
      return [{ kind: 'failing', hosts: [host.name], text: error ?? "can't be looked at", hint }]
    const expected = expectedOf(host)
    return [
      ...k3sFindings(expected, health, lost, node),
      ...(overview === null ? [] : nodeFindings(expected, health, lost, node)),
      ...diskFindings(expected, health),
      ...boardFindings(health),
      ...registryFindings(expected, health),
    ].map((finding) => ({ ...finding, hosts: [host.name] }))
  })
  return united(all)
}

type Found = Omit<Finding, 'hosts'>

/** Pods that were on a node when it was last heard of. */
function lostPods(overview: Overview | null, node: string): string {
  const lost = overview?.pods.filter((pod) => pod.node === node && pod.reason === NODE_LOST) ?? []
  return lost.length === 0 ? '' : `; lost with it: ${lost.map(({ name }) => name).join(', ')}`
}

function k3sFindings(
  { role, version }: Expected,
  { k3s }: HealthFact,
  lost: string,
  node?: OverviewNode,
): Found[] {
  if (role === undefined) return []
  const column = 'k3s'
  const playbook = CLUSTER_PLAYBOOK
  if (k3s.role === null || k3s.version === null)
    return [{ kind: 'differs', column, text: 'k3s is not installed', playbook }]
  const found: Found[] = []
  const unit = k3s.role === 'server' ? 'k3s' : 'k3s-agent'
  if (k3s.role !== role)
    found.push({ kind: 'differs', column, text: `is k3s ${k3s.role}; the inventory says ${role}` })
  if (k3s.active !== 'active')
    found.push({
      kind: 'failing',
      column,
      text: `${unit}.service is ${k3s.active}${lost}`,
      hint: `look: provision exec -b <host> -- journalctl -n 30 -u ${unit}`,
    })
  else if (node?.ready && node.version !== k3s.version)
    found.push({
      kind: 'differs',
      column,
      text: `runs ${node.version}, ${k3s.version} is installed`,
      playbook,
    })
  if (version !== undefined && k3s.version !== version) found.push(versionFinding(k3s.version, version))
  return found
}

/** k3s can't be downgraded, so what is newer stays so until the others follow. */
function versionFinding(has: string, wanted: string): Found {
  const [one, other] = [parseK3sVersion(has), parseK3sVersion(wanted)]
  const isNewer = one !== undefined && other !== undefined && compareK3sVersions(one, other) > 0
  const text = `k3s is ${has}; the inventory says ${wanted}`
  if (!isNewer) return { kind: 'differs', column: 'k3s', text, playbook: CLUSTER_PLAYBOOK }
  const hint = `k3s can't be downgraded; take the others there: provision playbooks/upgrade.yaml -e k3s_version=${has}`
  return { kind: 'differs', column: 'k3s', text, hint }
}

function nodeFindings(
  { role, address }: Expected,
  health: HealthFact,
  lost: string,
  node?: OverviewNode,
): Found[] {
  if (role === undefined || health.k3s.role === null) return []
  const column = 'node'
  if (node === undefined)
    return [{ kind: 'differs', column, text: 'is not in the cluster', playbook: CLUSTER_PLAYBOOK }]
  const found: Found[] = []
  // Of a service that is down the node tells nothing new.
  if (!node.ready && health.k3s.active === 'active')
    found.push({
      kind: 'failing',
      column,
      text: `the node is not Ready: ${node.reason.replace(/\.$/, '')}${lost}`,
    })
  else if (node.ready && node.boot_id !== health.boot_id)
    found.push({ kind: 'differs', column, text: 'the cluster has not seen the node since its last boot' })
  if (!node.schedulable)
    found.push({
      kind: 'differs',
      column,
      text: 'is cordoned: it gets no new pods',
      hint: 'take it back: provision exec -b <server> -- k3s kubectl uncordon <host>',
    })
  if (address !== undefined && node.address !== address)
    found.push({
      kind: 'differs',
      column,
      text: `its address in the cluster is ${node.address}; the inventory says ${address}`,
      playbook: CLUSTER_PLAYBOOK,
    })
  return found
}

/** The kubelet begins to evict pods at 85 to 90 percent. */
const [FULL, NEARLY_FULL] = [95, 85]

function diskFindings({ mount, size }: Expected, { root, storage }: HealthFact): Found[] {
  const found: Found[] = []
  if (!root.writable)
    found.push({
      kind: 'failing',
      column: 'sd',
      text: '/ is read-only: the SD card fails',
      hint: 'look: dmesg',
    })
  found.push(...fullness('sd', '/', root.use_percent))
  if (mount === undefined) return found
  if (storage === null)
    return [
      ...found,
      { kind: 'differs', column: 'ssd', text: `no SSD at ${mount}`, playbook: CLUSTER_PLAYBOOK },
    ]
  const wanted = size === undefined ? undefined : parseSize(size)
  const device = storage.device_size
  if (wanted !== undefined && device > 0 && Math.abs(device - wanted) > wanted / 10)
    found.push({
      kind: 'differs',
      column: 'ssd',
      text: `${storage.device} has ${sizeText(device)}; the inventory says ${size}`,
      hint: 'is it the right disk?',
    })
  return [...found, ...fullness('ssd', mount, storage.use_percent)]
}

function fullness(column: Column, path: string, percent: number): Found[] {
  if (percent < NEARLY_FULL) return []
  return [{ kind: percent < FULL ? 'note' : 'failing', column, text: `${path} is ${percent} % full` }]
}

/** A Pi 4 slows itself down at 80 degrees. */
const HOT = 80

/** Of the bits, the low ones are of now, those from 16 on of any time since the boot. */
function boardFindings({ throttled, temperature }: HealthFact): Found[] {
  const bits = throttled ?? 0
  const hint = 'use a supply of 5.1 V and 3 A and its own cable'
  const found: Found[] = []
  if ((bits & 1) !== 0)
    found.push({ kind: 'failing', column: 'power', text: 'the voltage is too low now', hint })
  else if ((bits & 0x1_0000) !== 0)
    found.push({ kind: 'note', column: 'power', text: 'the voltage was too low since the boot', hint })
  if ((bits & 0b1110) !== 0)
    found.push({ kind: 'note', column: 'power', text: 'the processor is slowed down now' })
  if (temperature !== null && temperature >= HOT)
    found.push({ kind: 'note', column: 'temperature', text: 'is hot: does its fan turn?' })
  return found
}

function registryFindings({ registry: where }: Expected, { registry, k3s }: HealthFact): Found[] {
  if (registry === null || registry.status === 200) return []
  const answer = registry.status === 0 ? 'does not answer' : `answers with ${registry.status}`
  return [
    {
      kind: k3s.role === null ? 'differs' : 'failing',
      text: `the registry ${where} ${answer}`,
      playbook: 'playbooks/registry.yaml',
    },
  ]
}

function united(findings: Finding[]): Finding[] {
  const byText = new Map<string, Finding>()
  for (const finding of findings) {
    const key = `${finding.kind} ${finding.text}`
    const same = byText.get(key)
    if (same === undefined) byText.set(key, { ...finding, hosts: [...finding.hosts] })
    else same.hosts.push(...finding.hosts)
  }
  return [...byText.values()]
}
