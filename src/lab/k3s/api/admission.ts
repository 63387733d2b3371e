import { storageClasses, services as serviceKind } from './kinds.ts'
import type { KubeObject, Value } from './object.ts'
import type { Store } from './store.ts'

/** What the API server adds to new objects of some kinds, in place. */
export const admitters: Record<string, (object: KubeObject, store: Store) => void> = {
  pods: admitPod,
  services: admitService,
  persistentvolumeclaims: admitClaim,
  persistentvolumes: (object) => addFinalizer(object, 'kubernetes.io/pv-protection'),
}

const defaultClass = 'storageclass.kubernetes.io/is-default-class'
const priorities: Record<string, number> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
}

function admitPod(object: KubeObject): void {
  const { spec } = object
  spec.serviceAccountName ??= 'default'
  spec.serviceAccount ??= spec.serviceAccountName
  spec.priority ??= priorities[spec.priorityClassName] ?? 0
  spec.preemptionPolicy ??= 'PreemptLowerPriority'
  spec.tolerations = tolerate(spec.tolerations ?? [])
  object.status = { phase: 'Pending', qosClass: qualityOf(spec) }
}

/** Every pod bears a lost node for five minutes, unless it says otherwise. */
function tolerate(tolerations: Value[]): Value[] {
  const missing = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter(
    (key) =>
      !tolerations.some((one) => (one.key === key || one.key === undefined) && one.effect !== 'NoSchedule'),
  )
  const added = missing.map((key) => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  }))
  return [...tolerations, ...added]
}

function qualityOf(spec: Value): string {
  const all = spec.containers.map((container: Value) => container.resources ?? {})
  const isNone = all.every((one: Value) => one.limits === undefined && one.requests === undefined)
  if (isNone) return 'BestEffort'
  const isFull = (one: Value) =>
    ['cpu', 'memory'].every(
      (name) => one.limits?.[name] !== undefined && one.limits[name] === one.requests?.[name],
    )
  return all.every(isFull) ? 'Guaranteed' : 'Burstable'
}

function admitService(object: KubeObject, store: Store): void {
  const { spec } = object
  if (spec.type === 'ExternalName') return
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') allotPorts(spec, store)
  spec.clusterIP = spec.clusterIP || freeAddress(store)
  spec.clusterIPs = [spec.clusterIP]
  object.status = { loadBalancer: {} }
}

function allotPorts(spec: Value, store: Store): void {
  const taken = new Set(
    store.list(serviceKind).flatMap((one) => (one.spec.ports ?? []).map((port: Value) => port.nodePort)),
  )
  for (const port of spec.ports ?? []) {
    let free = 30_000
    while (taken.has(free)) free += 1
    port.nodePort ??= free
    taken.add(port.nodePort)
  }
}

function freeAddress(store: Store): string {
  const taken = new Set(store.list(serviceKind).map((one) => one.spec.clusterIP))
  let number = 11
  const address = () => `10.43.${Math.floor(number / 256)}.${number % 256}`
  while (taken.has(address())) number += 1
  return address()
}

function admitClaim(object: KubeObject, store: Store): void {
  addFinalizer(object, 'kubernetes.io/pvc-protection')
  if (object.spec.storageClassName !== undefined) return
  const standard = store
    .list(storageClasses)
    .find((one) => one.metadata.annotations?.[defaultClass] === 'true')
  if (standard !== undefined) object.spec.storageClassName = standard.metadata.name
}

function addFinalizer(object: KubeObject, name: string): void {
  object.metadata.finalizers = [...new Set([...(object.metadata.finalizers ?? []), name])]
}
