import type { Cluster } from '../api/cluster.ts'
import { claims, nodes, pods, storageClasses, volumes } from '../api/kinds.ts'
import { equal, type KubeObject, now, type Value } from '../api/object.ts'
import { amount } from '../api/quantity.ts'
import { selectorMatches } from '../api/selectors.ts'
import { emit } from './event.ts'
import type { Controller } from './loop.ts'
import { isLive, withCondition } from './ownership.ts'
import { fitsNode, termMatches, untolerated } from './placement.ts'

export const selectedNode = 'volume.kubernetes.io/selected-node'

/** Gives every waiting pod a node: the suitable one with the fewest pods of the same owner, then the fewest at all. */
export const scheduler: Controller = {
  name: 'default-scheduler',
  watches: [pods, nodes, claims, volumes],
  reconcile(cluster) {
    const waiting = cluster.store
      .list(pods)
      .filter((pod) => isLive(pod) && pod.spec.nodeName === undefined && pod.status?.phase === 'Pending')
    for (const pod of waiting) schedule(cluster, pod)
  },
}

function schedule(cluster: Cluster, pod: KubeObject): void {
  const all = cluster.store.list(nodes)
  const own = claimsOf(cluster, pod)
  if (own.missing !== undefined) return refuse(cluster, pod, withPreemption(all.length, own.missing))
  const reasons = new Map<string, number>()
  const fitting = all.filter((node) => {
    const reason = obstacle(cluster, pod, node, own.found)
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    return reason === undefined
  })
  const best = fitting.sort((a, b) => compareNodes(cluster, pod, a, b))[0]
  if (best === undefined) return refuse(cluster, pod, noneMessage(all.length, reasons))
  if (prepareClaims(cluster, own.found, best)) bind(cluster, pod, best)
}

function noneMessage(count: number, reasons: Map<string, number>): string {
  if (count === 0) return 'no nodes available to schedule pods'
  const listed = [...reasons].map(([reason, number]) => `${number} ${reason}`).sort()
  return withPreemption(count, listed.join(', '))
}

const withPreemption = (count: number, why: string) =>
  `0/${count} nodes are available: ${why}. preemption: 0/${count} nodes are available: ${count} ` +
  'Preemption is not helpful for scheduling.'

interface PodClaims {
  found: KubeObject[]
  missing?: string
}

function claimsOf(cluster: Cluster, pod: KubeObject): PodClaims {
  const names = (pod.spec.volumes ?? []).map((volume: Value) => volume.persistentVolumeClaim?.claimName)
  const found: KubeObject[] = []
  for (const name of names.filter((one: Value) => one !== undefined)) {
    const claim = cluster.store.get(claims, name, pod.metadata.namespace)
    if (claim === undefined) return { found, missing: `persistentvolumeclaim "${name}" not found` }
    if (!isLive(claim)) return { found, missing: `persistentvolumeclaim "${name}" is being deleted` }
    if (claim.spec.volumeName === undefined && bindsAtOnce(cluster, claim)) {
      return { found, missing: 'pod has unbound immediate PersistentVolumeClaims' }
    }
    found.push(claim)
  }
  return { found }
}

function bindsAtOnce(cluster: Cluster, claim: KubeObject): boolean {
  const storageClass = cluster.store.get(storageClasses, claim.spec.storageClassName ?? '')
  return storageClass?.volumeBindingMode !== 'WaitForFirstConsumer'
}

/** Why the pod can't be put on a node, in the scheduler's words; undefined when it can. */
function obstacle(
  cluster: Cluster,
  pod: KubeObject,
  node: KubeObject,
  own: KubeObject[],
): string | undefined {
  const [taint] = untolerated(pod.spec, node)
  if (node.spec?.unschedulable === true) return 'node(s) were unschedulable'
  if (taint !== undefined) return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`
  if (!isNodeReady(node)) return 'node(s) were not ready'
  if (!fitsNode(pod.spec, node)) return "node(s) didn't match Pod's node affinity/selector"
  if (!own.every((claim) => claimFits(cluster, claim, node)))
    return 'node(s) had volume node affinity conflict'
  if (!antiAffinityHolds(cluster, pod, node)) return "node(s) didn't match pod anti-affinity rules"
  return shortOf(cluster, pod, node)
}

const isNodeReady = (node: KubeObject) =>
  (node.status?.conditions ?? []).some((one: Value) => one.type === 'Ready' && one.status === 'True')

function claimFits(cluster: Cluster, claim: KubeObject, node: KubeObject): boolean {
  const chosen = claim.metadata.annotations?.[selectedNode]
  if (claim.spec.volumeName === undefined) return chosen === undefined || chosen === node.metadata.name
  const volume = cluster.store.get(volumes, claim.spec.volumeName)
  const terms = volume?.spec.nodeAffinity?.required?.nodeSelectorTerms
  return volume !== undefined && (terms === undefined || terms.some((term: Value) => termMatches(term, node)))
}

function antiAffinityHolds(cluster: Cluster, pod: KubeObject, node: KubeObject): boolean {
  const terms: Value[] =
    pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  return terms.every((term) => {
    const place = node.metadata.labels?.[term.topologyKey]
    return !cluster.store.list(pods, pod.metadata.namespace).some((other) => {
      const host = cluster.store.get(nodes, other.spec.nodeName ?? '')
      const isNear = place !== undefined && host?.metadata.labels?.[term.topologyKey] === place
      return isNear && selectorMatches(term.labelSelector, other.metadata.labels)
    })
  })
}

const podsOn = (cluster: Cluster, node: KubeObject) =>
  cluster.store
    .list(pods)
    .filter(
      (pod) =>
        pod.spec.nodeName === node.metadata.name && !['Succeeded', 'Failed'].includes(pod.status?.phase),
    )

const asked = (pod: KubeObject, resource: string): number =>
  pod.spec.containers.reduce(
    (sum: number, one: Value) => sum + amount(one.resources?.requests?.[resource]),
    0,
  )

function shortOf(cluster: Cluster, pod: KubeObject, node: KubeObject): string | undefined {
  const others = podsOn(cluster, node)
  for (const resource of ['cpu', 'memory']) {
    const wanted = asked(pod, resource)
    const used = others.reduce((sum, other) => sum + asked(other, resource), 0)
    if (wanted > 0 && used + wanted > amount(node.status?.allocatable?.[resource]))
      return `Insufficient ${resource}`
  }
  return others.length >= Number(node.status?.allocatable?.pods ?? 110) ? 'Too many pods' : undefined
}

function compareNodes(cluster: Cluster, pod: KubeObject, a: KubeObject, b: KubeObject): number {
  const owner = pod.metadata.ownerReferences?.[0]?.uid
  const siblings = (node: KubeObject) =>
    podsOn(cluster, node).filter(
      (one) => owner !== undefined && one.metadata.ownerReferences?.[0]?.uid === owner,
    ).length
  const memory = (node: KubeObject) =>
    podsOn(cluster, node).reduce((sum, one) => sum + asked(one, 'memory'), 0)
  return (
    siblings(a) - siblings(b) ||
    memory(a) - memory(b) ||
    podsOn(cluster, a).length - podsOn(cluster, b).length ||
    (a.metadata.name < b.metadata.name ? -1 : 1)
  )
}

/** True when all claims are bound; otherwise notes for the provisioner where they are wanted. */
function prepareClaims(cluster: Cluster, own: KubeObject[], node: KubeObject): boolean {
  for (const claim of own.filter((one) => one.spec.volumeName === undefined)) {
    cluster.change(claims, claim, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [selectedNode]: node.metadata.name }
    })
  }
  return own.every((claim) => claim.status?.phase === 'Bound')
}

function bind(cluster: Cluster, pod: KubeObject, node: KubeObject): void {
  cluster.change(pods, pod, (draft) => {
    draft.spec.nodeName = node.metadata.name
    draft.status = {
      ...draft.status,
      conditions: withCondition(draft.status?.conditions, { type: 'PodScheduled', status: 'True' }, now()),
    }
  })
  const message = `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${node.metadata.name}`
  emit(cluster, pod, { type: 'Normal', reason: 'Scheduled', message, component: 'default-scheduler' })
}

function refuse(cluster: Cluster, pod: KubeObject, message: string): void {
  const wanted = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }
  const before = pod.status?.conditions ?? []
  if (before.some((one: Value) => one.type === wanted.type && equal({ ...one, ...wanted }, one))) return
  cluster.change(pods, pod, (draft) => {
    draft.status = { ...draft.status, conditions: withCondition(before, wanted, now()) }
  })
  emit(cluster, pod, { type: 'Warning', reason: 'FailedScheduling', message, component: 'default-scheduler' })
}
