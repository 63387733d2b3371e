import type { Cluster } from '../api/cluster.ts'
import { leases, nodes, pods, secrets } from '../api/kinds.ts'
import { equal, type KubeObject, now, type Value } from '../api/object.ts'
import { log } from '../log.ts'
import { secretName } from '../server/node-password.ts'
import { times } from '../times.ts'
import { type Controller, unlessGone } from './loop.ts'
import { isLive, withCondition } from './ownership.ts'
import { tolerates } from './placement.ts'

const unreachable = 'node.kubernetes.io/unreachable'
const cordoned = 'node.kubernetes.io/unschedulable'

/** Gives nodes their range of addresses and taints, and cleans up behind nodes that are deleted. */
export const nodeController: Controller = {
  name: 'node-controller',
  watches: [nodes, pods, leases],
  reconcile(cluster) {
    for (const node of cluster.store.list(nodes)) settle(cluster, node)
    for (const pod of cluster.store.list(pods)) dropOrphan(cluster, pod)
  },
}

function settle(cluster: Cluster, node: KubeObject): void {
  if (node.spec?.podCIDR === undefined) {
    const range = freeRange(cluster)
    cluster.change(nodes, node, (draft) => {
      draft.spec = { ...draft.spec, podCIDR: range, podCIDRs: [range] }
    })
  }
  const live = cluster.store.get(nodes, node.metadata.name)
  if (live !== undefined) taint(cluster, live)
}

function freeRange(cluster: Cluster): string {
  const taken = new Set(cluster.store.list(nodes).map((node) => node.spec?.podCIDR))
  let number = 0
  while (taken.has(`10.42.${number}.0/24`)) number += 1
  return `10.42.${number}.0/24`
}

const readyOf = (node: KubeObject) =>
  (node.status?.conditions ?? []).find((one: Value) => one.type === 'Ready')

/** Keeps the taints that follow from the node's state; all others are the user's. */
function taint(cluster: Cluster, node: KubeObject): void {
  const isLost = readyOf(node)?.status === 'Unknown'
  const known = (key: string, effect: string) =>
    (node.spec?.taints ?? []).find((one: Value) => one.key === key && one.effect === effect)
  const wanted = [
    ...(node.spec?.unschedulable === true ? [[cordoned, 'NoSchedule']] : []),
    ...(isLost
      ? [
          [unreachable, 'NoSchedule'],
          [unreachable, 'NoExecute'],
        ]
      : []),
  ].map(([key = '', effect = '']) => known(key, effect) ?? { key, effect, timeAdded: now() })
  const own = (node.spec?.taints ?? []).filter(
    (one: Value) => one.key !== cordoned && one.key !== unreachable,
  )
  if (equal([...own, ...wanted], node.spec?.taints ?? [])) return
  cluster.change(nodes, node, (draft) => {
    draft.spec.taints = [...own, ...wanted]
    if (draft.spec.taints.length === 0) delete draft.spec.taints
  })
}

/** A pod whose node is gone for good is gone too. */
function dropOrphan(cluster: Cluster, pod: KubeObject): void {
  const { nodeName } = pod.spec
  const isOld = Date.now() - Date.parse(pod.metadata.creationTimestamp) > 2000
  if (nodeName === undefined || !isOld || cluster.store.get(nodes, nodeName) !== undefined) return
  unlessGone(() => cluster.delete(pods, pod.metadata.name, pod.metadata.namespace, { grace: 0 }))
}

/** Watches the heartbeats: a node that is silent for too long is no longer Ready, and later loses its pods. */
export function watchHeartbeats(cluster: Cluster): void {
  const seen = new Map<string, number>()
  for (const node of cluster.store.list(nodes)) seen.set(node.metadata.name, Date.now())
  cluster.store.onChange((change) => {
    const { name } = change.object.metadata
    if (change.kind === leases && change.type !== 'DELETED') seen.set(name, Date.now())
    if (change.kind !== nodes) return
    if (change.type === 'ADDED') seen.set(name, Date.now())
    if (change.type === 'DELETED') {
      seen.delete(name)
      cleanUp(cluster, name)
    }
  })
  setInterval(() => judge(cluster, seen), Math.min(5000, times.grace / 4)).unref()
}

function judge(cluster: Cluster, seen: Map<string, number>): void {
  for (const [name, last] of seen) {
    const node = cluster.store.get(nodes, name)
    if (node === undefined) continue
    const silence = Date.now() - last
    if (silence > times.grace && readyOf(node)?.status === 'True') giveUp(cluster, node)
    if (silence > times.grace + times.eviction) evict(cluster, node)
    for (const taint of node.spec.taints ?? []) if (drivesAway(taint)) driveAway(cluster, node, taint)
  }
}

function giveUp(cluster: Cluster, node: KubeObject): void {
  log.warn(`node ${node.metadata.name} hasn't been updated for ${times.grace / 1000}s`)
  const at = now()
  cluster.change(nodes, node, (draft) => {
    for (const type of ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']) {
      const message = 'Kubelet stopped posting node status.'
      const condition = { type, status: 'Unknown', reason: 'NodeStatusUnknown', message }
      draft.status.conditions = withCondition(draft.status.conditions, condition, at)
    }
  })
  for (const pod of podsOn(cluster, node)) {
    cluster.change(pods, pod, (draft) => {
      const condition = { type: 'Ready', status: 'False' }
      draft.status.conditions = withCondition(draft.status.conditions, condition, at)
    })
  }
}

const podsOn = (cluster: Cluster, node: KubeObject) =>
  cluster.store.list(pods).filter((pod) => pod.spec.nodeName === node.metadata.name)

/** Marks the pods for deletion; they stay until the node answers or is deleted. */
function evict(cluster: Cluster, node: KubeObject): void {
  const lost = { key: unreachable, effect: 'NoExecute' }
  const stays = (pod: KubeObject) =>
    (pod.spec.tolerations ?? []).some(
      (one: Value) => one.tolerationSeconds === undefined && tolerates(one, lost),
    )
  for (const pod of podsOn(cluster, node).filter((one) => isLive(one) && !stays(one))) {
    unlessGone(() => cluster.delete(pods, pod.metadata.name, pod.metadata.namespace))
  }
}

/** One that somebody has set; those of the node's own condition are given time. */
const drivesAway = ({ key, effect }: Value): boolean =>
  effect === 'NoExecute' && !String(key).startsWith('node.kubernetes.io/')

function driveAway(cluster: Cluster, node: KubeObject, taint: Value): void {
  const stays = (pod: KubeObject) => (pod.spec.tolerations ?? []).some((one: Value) => tolerates(one, taint))
  for (const pod of podsOn(cluster, node).filter((one) => isLive(one) && !stays(one)))
    unlessGone(() => cluster.delete(pods, pod.metadata.name, pod.metadata.namespace))
}

function cleanUp(cluster: Cluster, name: string): void {
  unlessGone(() => cluster.delete(secrets, secretName(name), 'kube-system'))
  unlessGone(() => cluster.delete(leases, name, 'kube-node-lease'))
}
