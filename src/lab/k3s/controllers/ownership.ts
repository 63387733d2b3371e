import { createHash } from 'node:crypto'
import { suffix, type Cluster, type Draft } from '../api/cluster.ts'
import { pods } from '../api/kinds.ts'
import { copy, type KubeObject, type OwnerReference, type Value } from '../api/object.ts'

export function referenceTo(owner: KubeObject): OwnerReference {
  const { name, uid } = owner.metadata
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

export const isOwnedBy = (object: KubeObject, owner: KubeObject) =>
  (object.metadata.ownerReferences ?? []).some(
    (one) => one.controller === true && one.uid === owner.metadata.uid,
  )

/** Pods a workload made, in the order of their age. Those that have ended on their own are left out. */
export function podsOf(cluster: Cluster, owner: KubeObject): KubeObject[] {
  return cluster.store
    .list(pods, owner.metadata.namespace)
    .filter((pod) => isOwnedBy(pod, owner) && !['Succeeded', 'Failed'].includes(pod.status?.phase))
}

export const isLive = (object: KubeObject) => object.metadata.deletionTimestamp === undefined

export const isReady = (pod: KubeObject) =>
  isLive(pod) &&
  (pod.status?.conditions ?? []).some((one: Value) => one.type === 'Ready' && one.status === 'True')

/** A short stable name for a pod template. */
export function hashOf(template: Value): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(template)))
    .digest('hex')
    .slice(0, 10)
}

function sorted(value: Value): Value {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name])]),
  )
}

/** A pod as the template of a workload wants it. */
export function podFrom(
  owner: KubeObject,
  template: Value,
  labels: Record<string, string>,
  name?: string,
): Draft {
  const { metadata = {}, spec } = copy(template)
  const named = name === undefined ? { name: `${owner.metadata.name}-${suffix()}` } : { name }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...named,
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      labels: { ...metadata.labels, ...labels },
      ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
      ownerReferences: [referenceTo(owner)],
    },
    spec,
  }
}

/** Adds or replaces one condition; its time moves only when the status does. */
export function withCondition(conditions: Value[] | undefined, wanted: Value, at: string): Value[] {
  const before = (conditions ?? []).find((one) => one.type === wanted.type)
  const lastTransitionTime = before?.status === wanted.status ? before.lastTransitionTime : at
  const changed = before?.status !== wanted.status || before?.reason !== wanted.reason
  const lastUpdateTime = changed ? at : before.lastUpdateTime
  const rest = (conditions ?? []).filter((one) => one.type !== wanted.type)
  // What was the reason before is none of what is so now.
  const same = before?.status === wanted.status ? before : {}
  return [...rest, { ...same, lastUpdateTime, lastTransitionTime, ...wanted }].sort((a, b) =>
    a.type < b.type ? -1 : 1,
  )
}
