import type { Host } from '../../core/host.ts'
import { CLONES } from '../../probe/k3sready.ts'
import { NODE_LOST, type Overview, type OverviewPod } from '../../probe/overview.ts'
import type { RingView } from '../../probe/ring.ts'
import { type ClusterStatus, type Finding, expectedOf } from './facts.ts'

/** Pods that are told of one by one. */
const SHOWN = 5

/** Everything about the cluster as a whole that is not as it should be. `inventory`: all hosts, asked or not. */
export function clusterFindings(cluster: ClusterStatus, inventory: Host[]): Finding[] {
  const { state, server, overview, ring, errors } = cluster
  const all = errors.map((text): Finding => ({ kind: 'failing', hosts: [], text }))
  if (state === 'down')
    all.push({
      kind: 'failing',
      hosts: [],
      text: `the API server on ${server} does not answer`,
      hint: `look: provision exec -b ${server} -- journalctl -n 30 -u k3s`,
    })
  if (overview === null) return all
  return [
    ...all,
    ...strangers(overview, inventory),
    ...clones(overview),
    ...podFindings(overview.pods),
    ...workloadFindings(overview),
    ...provisionerFindings(overview, inventory),
    ...(ring === null ? [] : ringFindings(overview, ring)),
  ]
}

function strangers({ nodes }: Overview, inventory: Host[]): Finding[] {
  const known = new Set(inventory.map(({ name }) => name.toLowerCase()))
  return nodes
    .filter(({ name }) => !known.has(name))
    .map(({ name }) => ({
      kind: 'differs',
      hosts: [],
      text: `node ${name} is in the cluster, but not in the inventory`,
      hint: `if it is gone for good: provision exec -b <server> -- k3s kubectl delete node ${name}`,
    }))
}

function clones({ nodes }: Overview): Finding[] {
  const ids = new Set(nodes.map(({ machine_id }) => machine_id).filter((id) => id !== ''))
  return [...ids].flatMap((id): Finding[] => {
    const alike = nodes.filter(({ machine_id }) => machine_id === id).map(({ name }) => name)
    if (alike.length < 2) return []
    return [{ kind: 'failing', hosts: alike, text: 'have the same machine id', hint: CLONES }]
  })
}

function podFindings(pods: OverviewPod[]): Finding[] {
  const late = pods
    .filter(({ state, reason }) => state === 'starting' || (state === 'failing' && reason !== NODE_LOST))
    .sort((one, other) => one.state.localeCompare(other.state))
  const shown = late.slice(0, SHOWN).map(({ namespace, name, node, state, reason }): Finding => {
    const where = node === '' ? '' : ` on ${node}`
    const kind = state === 'failing' ? 'failing' : 'differs'
    const more = reason.includes('CrashLoopBackOff') ? 'logs --previous' : 'describe pod'
    const hint = `look: provision exec -b <server> -- k3s kubectl ${more} ${name} -n ${namespace}`
    const text = `pod ${namespace}/${name}${where}: ${reason}`
    return state === 'failing' ? { kind, hosts: [], text, hint } : { kind, hosts: [], text }
  })
  const more = late.slice(SHOWN)
  if (more.length === 0) return shown
  const kind = more.some(({ state }) => state === 'failing') ? 'failing' : 'differs'
  return [...shown, { kind, hosts: [], text: `${more.length} more pods are not ready` }]
}

/** Those of which no pod tells what is wrong: it may be that none can be made. */
function workloadFindings({ workloads, pods }: Overview): Finding[] {
  const late = pods.filter(({ state }) => state === 'failing' || state === 'starting')
  return workloads
    .filter(({ ready, wanted }) => ready < wanted)
    .filter(
      ({ namespace, name }) =>
        !late.some((pod) => pod.namespace === namespace && pod.name.startsWith(`${name}-`)),
    )
    .map(({ kind, namespace, name, ready, wanted }) => ({
      kind: 'failing',
      hosts: [],
      text: `${kind} ${namespace}/${name}: ${ready} of ${wanted} pods ready`,
      hint: `look: provision exec -b <server> -- k3s kubectl describe ${kind.toLowerCase()} ${name} -n ${namespace}`,
    }))
}

/** The Deployments that make volumes out of directories of nodes. */
export function provisionersOf({ workloads }: Overview): Overview['workloads'] {
  return workloads.filter(({ name }) => name === 'local-path-provisioner')
}

function provisionerFindings(overview: Overview, inventory: Host[]): Finding[] {
  const found = provisionersOf(overview)
  if (found.length > 1) {
    const where = found.map(({ namespace }) => namespace).join(' and ')
    const text = `two storage provisioners, in ${where}, race for each claim`
    return [{ kind: 'failing', hosts: [], text, playbook: 'playbooks/cluster.yaml' }]
  }
  if (found.length === 1 || inventory.every((host) => expectedOf(host).mount === undefined)) return []
  return [
    {
      kind: 'differs',
      hosts: [],
      text: 'there is no storage provisioner',
      playbook: 'playbooks/storage.yaml',
    },
  ]
}

/** How many members the ring is to have; undefined where there is none. */
export function ringSize({ workloads }: Overview): number | undefined {
  return workloads.find(({ kind, name }) => kind === 'StatefulSet' && name === 'cassandra')?.wanted
}

function ringFindings(overview: Overview, { pods, views }: RingView): Finding[] {
  const size = ringSize(overview) ?? pods.length
  const late = new Map<string, string[]>()
  for (const { pod, members } of views)
    for (const { state, address } of members.filter((member) => member.state !== 'UN')) {
      const one = pods.find(({ ip }) => ip === address)
      const who = one === undefined ? 'no pod of today' : `${one.name} on ${one.node}`
      const text = `${address} (${who}) is ${state}`
      late.set(text, [...(late.get(text) ?? []), pod])
    }
  const told = [...late].map(
    ([text, by]) => `${text}, ${by.length === 1 ? 'says' : 'say'} ${by.join(' and ')}`,
  )
  const counts = views.flatMap(({ pod, members }) => {
    if (members.length === 0) return [`nodetool gives no answer in ${pod}`]
    return members.length === size || late.size > 0
      ? []
      : [`${pod} sees ${members.length} of ${size} members`]
  })
  return [...told, ...counts].map((text) => ({ kind: 'failing', hosts: [], text: `Cassandra: ${text}` }))
}
