import type { Cluster } from '../api/cluster.ts'
import { pods, replicaSets } from '../api/kinds.ts'
import type { KubeObject } from '../api/object.ts'
import { type Controller, unlessGone } from './loop.ts'
import { isLive, isReady, podFrom, podsOf } from './ownership.ts'

/** Keeps as many pods as each ReplicaSet wants. */
export const replicaSetController: Controller = {
  name: 'replicaset-controller',
  watches: [replicaSets, pods],
  reconcile(cluster) {
    for (const set of cluster.store.list(replicaSets).filter(isLive)) {
      const live = podsOf(cluster, set).filter(isLive)
      keepCount(cluster, set, live)
      report(cluster, set, podsOf(cluster, set).filter(isLive))
    }
  },
}

function keepCount(cluster: Cluster, set: KubeObject, live: KubeObject[]): void {
  const wanted = set.spec.replicas ?? 1
  for (let count = live.length; count < wanted; count += 1) {
    unlessGone(() => cluster.create(podFrom(set, set.spec.template, {})))
  }
  const least = [...live].sort((a, b) => Number(isReady(a)) - Number(isReady(b)))
  for (const pod of least.slice(0, Math.max(0, live.length - wanted))) {
    unlessGone(() => cluster.delete(pods, pod.metadata.name, pod.metadata.namespace))
  }
}

function report(cluster: Cluster, set: KubeObject, live: KubeObject[]): void {
  const ready = live.filter(isReady).length
  cluster.change(replicaSets, set, (draft) => {
    draft.status = {
      observedGeneration: draft.metadata.generation,
      replicas: live.length,
      fullyLabeledReplicas: live.length,
      ...(ready === 0 ? {} : { readyReplicas: ready, availableReplicas: ready }),
    }
  })
}
