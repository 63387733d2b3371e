import type { Cluster } from '../api/cluster.ts'
import { daemonSets, nodes, pods } from '../api/kinds.ts'
import type { KubeObject, Value } from '../api/object.ts'
import { type Controller, unlessGone } from './loop.ts'
import { hashOf, isLive, isReady, podFrom, podsOf } from './ownership.ts'
import { fitsNode, toleratesTaints } from './placement.ts'

const revisionLabel = 'controller-revision-hash'

/** Keeps one pod of each DaemonSet on every node that suits it. */
export const daemonSetController: Controller = {
  name: 'daemonset-controller',
  watches: [daemonSets, nodes, pods],
  reconcile(cluster) {
    for (const set of cluster.store.list(daemonSets).filter(isLive)) {
      const revision = hashOf(set.spec.template)
      const wanted = cluster.store.list(nodes).filter((node) => suits(node, set))
      place(cluster, set, wanted, revision)
      report(cluster, set, wanted.length, revision)
    }
  },
}

const everywhere = [
  'not-ready',
  'unreachable',
  'disk-pressure',
  'memory-pressure',
  'pid-pressure',
  'unschedulable',
].map((name) => ({ key: `node.kubernetes.io/${name}`, operator: 'Exists' }))

function specOn(set: KubeObject): Value {
  const { spec } = set.spec.template
  return { ...spec, tolerations: [...(spec.tolerations ?? []), ...everywhere] }
}

const suits = (node: KubeObject, set: KubeObject) =>
  fitsNode(specOn(set), node) && toleratesTaints(specOn(set), node)

function place(cluster: Cluster, set: KubeObject, wanted: KubeObject[], revision: string): void {
  const own = podsOf(cluster, set)
  const names = new Set(wanted.map((node) => node.metadata.name))
  for (const pod of own.filter((one) => isLive(one) && !names.has(one.spec.nodeName))) remove(cluster, pod)
  for (const name of names) {
    if (own.some((pod) => pod.spec.nodeName === name)) continue
    const pod = podFrom(set, { ...set.spec.template, spec: specOn(set) }, { [revisionLabel]: revision })
    pod.spec.nodeName = name
    unlessGone(() => cluster.create(pod))
  }
  const stale = own.find((pod) => isLive(pod) && pod.metadata.labels?.[revisionLabel] !== revision)
  const isRolling = set.spec.updateStrategy?.type === 'RollingUpdate'
  if (stale !== undefined && isRolling && own.every((pod) => isReady(pod))) remove(cluster, stale)
}

function remove(cluster: Cluster, pod: KubeObject): void {
  unlessGone(() => cluster.delete(pods, pod.metadata.name, pod.metadata.namespace))
}

function report(cluster: Cluster, set: KubeObject, wanted: number, revision: string): void {
  const own = podsOf(cluster, set).filter(isLive)
  const ready = own.filter(isReady).length
  cluster.change(daemonSets, set, (draft) => {
    draft.status = {
      observedGeneration: draft.metadata.generation,
      desiredNumberScheduled: wanted,
      currentNumberScheduled: own.length,
      updatedNumberScheduled: own.filter((pod) => pod.metadata.labels?.[revisionLabel] === revision).length,
      numberReady: ready,
      numberMisscheduled: 0,
      ...(ready === 0 ? {} : { numberAvailable: ready }),
      ...(wanted > ready ? { numberUnavailable: wanted - ready } : {}),
    }
  })
}
