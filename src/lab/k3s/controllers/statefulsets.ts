import type { Cluster } from '../api/cluster.ts'
import { claims, pods, revisions, statefulSets } from '../api/kinds.ts'
import { copy, type KubeObject, type Value } from '../api/object.ts'
import { type Controller, unlessGone } from './loop.ts'
import { hashOf, isLive, isOwnedBy, isReady, podFrom, podsOf, referenceTo } from './ownership.ts'

const revisionLabel = 'controller-revision-hash'
const nameLabel = 'statefulset.kubernetes.io/pod-name'

/** Brings the pods of StatefulSets up in order, each with claims of its own. */
export const statefulSetController: Controller = {
  name: 'statefulset-controller',
  watches: [statefulSets, pods, claims],
  reconcile(cluster) {
    for (const set of cluster.store.list(statefulSets).filter(isLive)) {
      const revision = `${set.metadata.name}-${hashOf(set.spec.template)}`
      keepRevision(cluster, set, revision)
      adopt(cluster, set)
      step(cluster, set, revision)
      report(cluster, set, revision)
    }
  },
}

const ordinalOf = (pod: KubeObject) => Number(/-(\d+)$/.exec(pod.metadata.name)?.[1] ?? -1)

function keepRevision(cluster: Cluster, set: KubeObject, name: string): void {
  const { namespace } = set.metadata
  if (cluster.store.get(revisions, name, namespace) !== undefined) return
  const own = cluster.store.list(revisions, namespace).filter((one) => isOwnedBy(one, set))
  cluster.create({
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name,
      namespace,
      labels: {
        ...set.spec.template.metadata?.labels,
        'controller.kubernetes.io/hash': hashOf(set.spec.template),
      },
      ownerReferences: [referenceTo(set)],
    },
    data: { spec: { template: { ...copy(set.spec.template), $patch: 'replace' } } },
    revision: Math.max(0, ...own.map((one) => one.revision)) + 1,
  })
}

/** Takes over pods of its name that an earlier set left behind with --cascade=orphan. */
function adopt(cluster: Cluster, set: KubeObject): void {
  for (const pod of cluster.store.list(pods, set.metadata.namespace)) {
    const isOrphan = !(pod.metadata.ownerReferences ?? []).some((one) => one.controller === true)
    const isOurs = pod.metadata.name === `${set.metadata.name}-${ordinalOf(pod)}` && isLive(pod)
    if (!isOrphan || !isOurs) continue
    cluster.change(pods, pod, (draft) => {
      draft.metadata.ownerReferences = [...(draft.metadata.ownerReferences ?? []), referenceTo(set)]
    })
  }
}

/** The next thing to do: in order, one pod at a time, unless the set says Parallel. */
function step(cluster: Cluster, set: KubeObject, revision: string): void {
  const isParallel = set.spec.podManagementPolicy === 'Parallel'
  const byOrdinal = new Map(podsOf(cluster, set).map((pod) => [ordinalOf(pod), pod]))
  const wanted: number = set.spec.replicas
  for (let ordinal = 0; ordinal < wanted; ordinal += 1) {
    const pod = byOrdinal.get(ordinal)
    if (pod === undefined) removeEnded(cluster, set, ordinal)
    if (pod === undefined) createPod(cluster, set, ordinal, revision)
    if (!isParallel && (pod === undefined || !isReady(pod))) return
  }
  const extra = [...byOrdinal].filter(([ordinal]) => ordinal >= wanted).sort(([a], [b]) => b - a)
  for (const [, pod] of isParallel ? extra : extra.slice(0, 1)) remove(cluster, pod)
  if (extra.length === 0) update(cluster, set, byOrdinal, revision)
}

function remove(cluster: Cluster, pod: KubeObject): void {
  if (isLive(pod)) unlessGone(() => cluster.delete(pods, pod.metadata.name, pod.metadata.namespace))
}

/** A pod that failed stands in the way of its successor of the same name. */
function removeEnded(cluster: Cluster, set: KubeObject, ordinal: number): void {
  const pod = cluster.store.get(pods, `${set.metadata.name}-${ordinal}`, set.metadata.namespace)
  if (pod !== undefined && isOwnedBy(pod, set)) remove(cluster, pod)
}

function createPod(cluster: Cluster, set: KubeObject, ordinal: number, revision: string): void {
  const name = `${set.metadata.name}-${ordinal}`
  const templates: Value[] = set.spec.volumeClaimTemplates ?? []
  const claimNames = templates.map(
    (template) => [template.metadata.name, `${template.metadata.name}-${name}`] as const,
  )
  for (const template of templates) createClaim(cluster, set, template, `${template.metadata.name}-${name}`)
  const pod = podFrom(set, set.spec.template, { [nameLabel]: name, [revisionLabel]: revision }, name)
  pod.spec.hostname = name
  pod.spec.subdomain = set.spec.serviceName
  const own = (pod.spec.volumes ?? []).filter(
    (volume: Value) => !claimNames.some(([volumeName]) => volumeName === volume.name),
  )
  const mounted = claimNames.map(([volume, claimName]) => ({
    name: volume,
    persistentVolumeClaim: { claimName },
  }))
  pod.spec.volumes = [...mounted, ...own]
  unlessGone(() => cluster.create(pod))
}

function createClaim(cluster: Cluster, set: KubeObject, template: Value, name: string): void {
  const { namespace } = set.metadata
  if (cluster.store.get(claims, name, namespace) !== undefined) return
  const { metadata, spec } = copy(template)
  const labels = { ...metadata.labels, ...set.spec.selector.matchLabels }
  unlessGone(() =>
    cluster.create({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { ...metadata, name, namespace, labels },
      spec,
    }),
  )
}

/** Replaces pods of an older template, the highest number first, each after the others are ready again. */
function update(
  cluster: Cluster,
  set: KubeObject,
  byOrdinal: Map<number, KubeObject>,
  revision: string,
): void {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {}
  if (type !== 'RollingUpdate') return
  const partition = rollingUpdate?.partition ?? 0
  if ([...byOrdinal.values()].some((pod) => !isReady(pod))) return
  const stale = [...byOrdinal]
    .filter(([ordinal, pod]) => ordinal >= partition && pod.metadata.labels?.[revisionLabel] !== revision)
    .sort(([a], [b]) => b - a)
  const [, pod] = stale[0] ?? []
  if (pod !== undefined) remove(cluster, pod)
}

function report(cluster: Cluster, set: KubeObject, revision: string): void {
  const own = podsOf(cluster, set)
  const updated = own.filter((pod) => isLive(pod) && pod.metadata.labels?.[revisionLabel] === revision).length
  const ready = own.filter(isReady).length
  cluster.change(statefulSets, set, (draft) => {
    const isDone = updated === draft.spec.replicas && ready >= draft.spec.replicas
    const current = isDone ? revision : (draft.status?.currentRevision ?? revision)
    const currentReplicas = current === revision ? updated : own.length - updated
    draft.status = {
      observedGeneration: draft.metadata.generation,
      replicas: own.length,
      availableReplicas: ready,
      ...(ready === 0 ? {} : { readyReplicas: ready }),
      ...(updated === 0 ? {} : { updatedReplicas: updated }),
      ...(currentReplicas === 0 ? {} : { currentReplicas }),
      currentRevision: current,
      updateRevision: revision,
      collisionCount: 0,
    }
  })
}
