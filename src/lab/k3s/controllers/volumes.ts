import type { Cluster } from '../api/cluster.ts'
import { claims, pods, storageClasses, volumes } from '../api/kinds.ts'
import { copy, type KubeObject, type Value } from '../api/object.ts'
import { amount } from '../api/quantity.ts'
import { selectorMatches } from '../api/selectors.ts'
import { type Controller, unlessGone } from './loop.ts'
import { isLive } from './ownership.ts'

/** Binds claims to volumes, releases volumes whose claim is gone, and lets go of what nobody uses. */
export const volumeController: Controller = {
  name: 'persistentvolume-controller',
  watches: [claims, volumes, pods, storageClasses],
  reconcile(cluster) {
    for (const claim of cluster.store.list(claims)) bindClaim(cluster, claim)
    for (const volume of cluster.store.list(volumes)) settleVolume(cluster, volume)
    for (const claim of cluster.store.list(claims)) dropClaim(cluster, claim)
  },
}

const isFor = (volume: KubeObject, claim: KubeObject) => {
  const ref = volume.spec.claimRef
  const isNamed = ref?.name === claim.metadata.name && ref?.namespace === claim.metadata.namespace
  return isNamed && (ref.uid === undefined || ref.uid === claim.metadata.uid)
}

function bindClaim(cluster: Cluster, claim: KubeObject): void {
  if (!isLive(claim)) return
  const volume = claim.status?.phase === 'Bound' ? boundVolume(cluster, claim) : candidate(cluster, claim)
  if (claim.status?.phase === 'Bound') {
    if (volume === undefined) setPhase(cluster, claim, 'Lost')
    return
  }
  if (volume === undefined) return
  cluster.change(volumes, volume, (draft) => {
    const { name, namespace, uid, resourceVersion } = claim.metadata
    draft.spec.claimRef = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      name,
      namespace,
      uid,
      resourceVersion,
    }
    draft.status = { phase: 'Bound' }
  })
  cluster.change(claims, claim, (draft) => {
    draft.spec.volumeName = volume.metadata.name
    const marks = { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' }
    draft.metadata.annotations = { ...draft.metadata.annotations, ...marks }
    draft.status = {
      phase: 'Bound',
      accessModes: copy(volume.spec.accessModes),
      capacity: copy(volume.spec.capacity),
    }
  })
}

const boundVolume = (cluster: Cluster, claim: KubeObject) =>
  cluster.store.get(volumes, claim.spec.volumeName ?? '')

function setPhase(cluster: Cluster, claim: KubeObject, phase: string): void {
  cluster.change(claims, claim, (draft) => {
    draft.status = { ...draft.status, phase }
  })
}

/** The volume made for the claim, else the smallest free one that satisfies it. */
function candidate(cluster: Cluster, claim: KubeObject): KubeObject | undefined {
  const all = cluster.store.list(volumes).filter(isLive)
  const own = all.find((volume) => isFor(volume, claim))
  if (own !== undefined) return own
  const storageClass = cluster.store.get(storageClasses, claim.spec.storageClassName ?? '')
  if (storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && claim.spec.volumeName === undefined)
    return undefined
  const size = (volume: KubeObject) => amount(volume.spec.capacity?.storage)
  return all.filter((volume) => satisfies(volume, claim)).sort((a, b) => size(a) - size(b))[0]
}

function satisfies(volume: KubeObject, claim: KubeObject): boolean {
  const { spec } = claim
  const isChosen = spec.volumeName === undefined || spec.volumeName === volume.metadata.name
  return (
    isChosen &&
    volume.spec.claimRef === undefined &&
    (volume.spec.storageClassName ?? '') === (spec.storageClassName ?? '') &&
    (spec.accessModes ?? []).every((mode: string) => volume.spec.accessModes?.includes(mode)) &&
    amount(volume.spec.capacity?.storage) >= amount(spec.resources?.requests?.storage) &&
    (spec.selector === undefined || selectorMatches(spec.selector, volume.metadata.labels))
  )
}

function settleVolume(cluster: Cluster, volume: KubeObject): void {
  const ref = volume.spec.claimRef
  const claim = ref === undefined ? undefined : cluster.store.get(claims, ref.name, ref.namespace)
  const isHeld = claim !== undefined && (ref.uid === undefined || claim.metadata.uid === ref.uid)
  const phase = isHeld ? volume.status?.phase : ref?.uid === undefined ? 'Available' : 'Released'
  if (volume.status?.phase !== phase) {
    cluster.change(volumes, volume, (draft) => {
      draft.status = { phase }
    })
  }
  if (!isLive(volume) && !isHeld) release(cluster, volumes, volume, 'kubernetes.io/pv-protection')
}

/** A claim goes when no pod that may still run names it. */
function dropClaim(cluster: Cluster, claim: KubeObject): void {
  if (isLive(claim)) return
  const uses = (pod: KubeObject) =>
    (pod.spec.volumes ?? []).some(
      (volume: Value) => volume.persistentVolumeClaim?.claimName === claim.metadata.name,
    )
  const users = cluster.store
    .list(pods, claim.metadata.namespace)
    .filter(
      (pod) =>
        uses(pod) && pod.spec.nodeName !== undefined && !['Succeeded', 'Failed'].includes(pod.status?.phase),
    )
  if (users.length === 0) release(cluster, claims, claim, 'kubernetes.io/pvc-protection')
}

function release(cluster: Cluster, kind: typeof claims, object: KubeObject, finalizer: string): void {
  unlessGone(() =>
    cluster.change(kind, object, (draft) => {
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((name) => name !== finalizer)
    }),
  )
}
