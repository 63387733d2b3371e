import type { Cluster } from '../api/cluster.ts'
import { deployments, replicaSets } from '../api/kinds.ts'
import { copy, type KubeObject, now, type Value } from '../api/object.ts'
import { type Controller, unlessGone } from './loop.ts'
import { hashOf, isLive, isOwnedBy, referenceTo, withCondition } from './ownership.ts'

const revision = 'deployment.kubernetes.io/revision'
const hashLabel = 'pod-template-hash'

/** Rolls each Deployment to a ReplicaSet of its current template. */
export const deploymentController: Controller = {
  name: 'deployment-controller',
  watches: [deployments, replicaSets],
  reconcile(cluster) {
    for (const deployment of cluster.store.list(deployments).filter(isLive)) roll(cluster, deployment)
  },
}

function roll(cluster: Cluster, deployment: KubeObject): void {
  const sets = cluster.store
    .list(replicaSets, deployment.metadata.namespace)
    .filter((set) => isLive(set) && isOwnedBy(set, deployment))
  const hash = hashOf(deployment.spec.template)
  const current = sets.find((set) => set.metadata.labels?.[hashLabel] === hash)
  const old = sets.filter((set) => set !== current)
  if (deployment.spec.paused !== true) {
    if (current === undefined) return createSet(cluster, deployment, hash, old)
    noteRevision(cluster, deployment, current, old)
    scaleSets(cluster, deployment, current, old)
  }
  report(cluster, deployment, current, sets)
}

const revisionOf = (object: KubeObject) => Number(object.metadata.annotations?.[revision] ?? 0)

function createSet(cluster: Cluster, deployment: KubeObject, hash: string, old: KubeObject[]): void {
  const { name, namespace } = deployment.metadata
  const template = copy(deployment.spec.template)
  template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, [hashLabel]: hash } }
  const { selector } = copy(deployment.spec)
  selector.matchLabels = { ...selector.matchLabels, [hashLabel]: hash }
  const isWaiting =
    deployment.spec.strategy?.type === 'Recreate' && old.some((set) => (set.status?.replicas ?? 0) > 0)
  cluster.create({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: template.metadata.labels,
      annotations: { [revision]: String(Math.max(0, ...old.map(revisionOf)) + 1) },
      ownerReferences: [referenceTo(deployment)],
    },
    spec: { replicas: isWaiting ? 0 : firstStep(deployment, old), selector, template },
  })
}

/** As many new pods as may run beside the old ones. */
function firstStep(deployment: KubeObject, old: KubeObject[]): number {
  const wanted: number = deployment.spec.replicas
  const running = old.reduce((sum, set) => sum + (set.spec.replicas ?? 0), 0)
  const surge = share(deployment.spec.strategy?.rollingUpdate?.maxSurge ?? '25%', wanted, Math.ceil)
  return Math.max(0, Math.min(wanted, wanted + surge - running))
}

function share(value: string | number, of: number, round: (value: number) => number): number {
  return typeof value === 'number' ? value : round((Number.parseInt(value, 10) / 100) * of)
}

/** A template that comes back gets the newest number again. */
function noteRevision(
  cluster: Cluster,
  deployment: KubeObject,
  current: KubeObject,
  old: KubeObject[],
): void {
  const newest = Math.max(0, ...old.map(revisionOf))
  const number = Math.max(revisionOf(current), newest + (revisionOf(current) > newest ? 0 : 1))
  for (const [kind, object] of [
    [replicaSets, current],
    [deployments, deployment],
  ] as const) {
    cluster.change(kind, object, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [revision]: String(number) }
    })
  }
}

function scaleSets(cluster: Cluster, deployment: KubeObject, current: KubeObject, old: KubeObject[]): void {
  const wanted: number = deployment.spec.replicas
  const { type, rollingUpdate } = deployment.spec.strategy ?? {}
  const ready = current.status?.readyReplicas ?? 0
  const isWaiting = type === 'Recreate' && old.some((set) => (set.status?.replicas ?? 0) > 0)
  if (type === 'Recreate') for (const set of old) scale(cluster, set, 0)
  else {
    let keep = Math.max(0, wanted - share(rollingUpdate?.maxUnavailable ?? '25%', wanted, Math.floor) - ready)
    for (const set of old) {
      const count = Math.min(keep, set.spec.replicas)
      keep -= count
      scale(cluster, set, count)
    }
  }
  const settled = old.map(
    (set) => cluster.store.get(replicaSets, set.metadata.name, set.metadata.namespace) ?? set,
  )
  if (!isWaiting) scale(cluster, current, Math.max(firstStep(deployment, settled), Math.min(ready, wanted)))
}

function scale(cluster: Cluster, set: KubeObject, replicas: number): void {
  unlessGone(() =>
    cluster.change(replicaSets, set, (draft) => {
      draft.spec.replicas = replicas
    }),
  )
}

function report(
  cluster: Cluster,
  deployment: KubeObject,
  current: KubeObject | undefined,
  sets: KubeObject[],
): void {
  const sum = (field: string) => sets.reduce((total, set) => total + (set.status?.[field] ?? 0), 0)
  const wanted: number = deployment.spec.replicas
  const updated = current?.status?.replicas ?? 0
  const available = sum('availableReplicas')
  const isDone = updated === wanted && available === wanted && sum('replicas') === wanted
  const counts = {
    replicas: sum('replicas'),
    updatedReplicas: updated,
    readyReplicas: sum('readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
  }
  const name = current?.metadata.name ?? ''
  cluster.change(deployments, deployment, (draft) => {
    const conditions = conditionsOf(draft.status?.conditions, available >= wanted, isDone, name)
    const shown = Object.entries(counts).filter(([, count]) => count > 0)
    draft.status = { observedGeneration: draft.metadata.generation, ...Object.fromEntries(shown), conditions }
  })
}

function conditionsOf(
  before: Value[] | undefined,
  isAvailable: boolean,
  isDone: boolean,
  set: string,
): Value[] {
  const at = now()
  const available = isAvailable
    ? { status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
    : {
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
  const progressing = isDone
    ? {
        status: 'True',
        reason: 'NewReplicaSetAvailable',
        message: `ReplicaSet "${set}" has successfully progressed.`,
      }
    : { status: 'True', reason: 'ReplicaSetUpdated', message: `ReplicaSet "${set}" is progressing.` }
  const first = withCondition(before, { type: 'Available', ...available }, at)
  return withCondition(first, { type: 'Progressing', ...progressing }, at)
}
