import type { Cluster } from '../api/cluster.ts'
import { claims, configMaps, nodes, pods, storageClasses, volumes } from '../api/kinds.ts'
import { copy, type KubeObject, type Value } from '../api/object.ts'
import { emit } from './event.ts'
import { type Controller, unlessGone } from './loop.ts'
import { isLive, isReady } from './ownership.ts'
import { selectedNode } from './scheduler.ts'

const provisioner = 'rancher.io/local-path'
const component = `${provisioner}_local-path-provisioner_simulated`

/** Stands in for the program inside a running local-path-provisioner pod, v0.0.23; without such a pod nothing is provisioned. */
export const localPathController: Controller = {
  name: 'local-path-provisioner',
  watches: [claims, volumes, pods, configMaps, storageClasses],
  reconcile(cluster) {
    const pod = cluster.store.list(pods).find(isProvisioner)
    if (pod === undefined) return
    for (const claim of cluster.store.list(claims))
      attempt(cluster, claim, () => provision(cluster, pod, claim))
    for (const volume of cluster.store.list(volumes))
      attempt(cluster, volume, () => tearDown(cluster, pod, volume))
  },
}

const isProvisioner = (pod: KubeObject) =>
  isReady(pod) &&
  pod.spec.containers.some((one: Value) => /(^|\/)local-path-provisioner(:|@|$)/.test(one.image))

function attempt(cluster: Cluster, about: KubeObject, action: () => void): void {
  try {
    action()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const known = refused.get(about.metadata.uid)
    if (known === error.message) return
    refused.set(about.metadata.uid, error.message)
    emit(cluster, about, { type: 'Warning', reason: 'ProvisioningFailed', message: error.message, component })
  }
}

class Refusal extends Error {}
const refused = new Map<string, string>()

function provision(cluster: Cluster, provisionerPod: KubeObject, claim: KubeObject): void {
  const node = claim.metadata.annotations?.[selectedNode]
  const storageClass = cluster.store.get(storageClasses, claim.spec.storageClassName ?? '')
  if (!isLive(claim) || claim.spec.volumeName !== undefined || node === undefined) return
  if (storageClass?.provisioner !== provisioner) return
  const name = `pvc-${claim.metadata.uid}`
  if (cluster.store.get(volumes, name) !== undefined) return
  const path = `${basePath(cluster, provisionerPod, node)}/${name}_${claim.metadata.namespace}_${claim.metadata.name}`
  const done = runHelper(cluster, provisionerPod, { name: `helper-pod-create-${name}`, node, path })
  if (!done) return
  createVolume(cluster, { name, node, path, claim, storageClass })
  const message = `Successfully provisioned volume ${name}`
  emit(cluster, claim, { type: 'Normal', reason: 'ProvisioningSucceeded', message, component })
}

/** Reads the provisioner's config.json as v0.0.23 does. */
function basePath(cluster: Cluster, pod: KubeObject, node: string): string {
  const name = (pod.spec.volumes ?? []).find((volume: Value) => volume.configMap !== undefined)?.configMap
    .name
  const text = cluster.store.get(configMaps, name ?? 'local-path-config', pod.metadata.namespace)?.data?.[
    'config.json'
  ]
  const fail = (why: string) =>
    new Refusal(`failed to provision volume with StorageClass "local-path": ${why}`)
  let config: Value
  try {
    config = JSON.parse(text ?? '')
  } catch (error) {
    throw fail(`invalid config.json: ${(error as Error).message}`)
  }
  if (config.sharedFileSystemPath) throw fail('the simulated k3s has no shared file systems')
  const map: Value[] = config.nodePathMap ?? []
  const entry =
    map.find((one) => one.node === node) ??
    map.find((one) => one.node === 'DEFAULT_PATH_FOR_NON_LISTED_NODES')
  if (entry === undefined) {
    throw fail(`config doesn't contain node ${node}, and no DEFAULT_PATH_FOR_NON_LISTED_NODES available`)
  }
  const [path] = entry.paths ?? []
  if (path === undefined) throw fail(`no local path available on node ${node}`)
  return String(path).replace(/\/+$/, '')
}

interface Helper {
  name: string
  node: string
  path: string
}

/** True when the helper pod has done its work; it is made at the first call and removed at the last. */
function runHelper(cluster: Cluster, provisionerPod: KubeObject, { name, node, path }: Helper): boolean {
  const { namespace = '' } = provisionerPod.metadata
  const found = cluster.store.get(pods, name, namespace)
  if (found?.status?.phase === 'Succeeded') {
    cluster.delete(pods, name, namespace, { grace: 0 })
    return true
  }
  if (found !== undefined) return false
  const env = [
    { name: 'VOL_DIR', value: path },
    { name: 'VOL_MODE', value: 'Filesystem' },
  ]
  cluster.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      restartPolicy: 'Never',
      nodeName: node,
      serviceAccountName: provisionerPod.spec.serviceAccountName,
      tolerations: [{ operator: 'Exists' }],
      containers: [
        { name: 'helper-pod', image: 'rancher/mirrored-library-busybox:1.34.1', env, command: ['/bin/sh'] },
      ],
    },
  })
  return false
}

function createVolume(
  cluster: Cluster,
  made: Helper & { claim: KubeObject; storageClass: KubeObject },
): void {
  const { name, namespace, uid } = made.claim.metadata
  const terms = [
    { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [made.node] }] },
  ]
  cluster.create({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: made.name, annotations: { 'pv.kubernetes.io/provisioned-by': provisioner } },
    spec: {
      accessModes: copy(made.claim.spec.accessModes),
      capacity: { storage: made.claim.spec.resources.requests.storage },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid },
      hostPath: { path: made.path, type: 'DirectoryOrCreate' },
      nodeAffinity: { required: { nodeSelectorTerms: terms } },
      persistentVolumeReclaimPolicy: made.storageClass.reclaimPolicy,
      storageClassName: made.storageClass.metadata.name,
      volumeMode: 'Filesystem',
    },
  })
}

/** Since v0.0.33 a volume of a node that is no more goes without its directory being removed. */
function forgetsLostNodes(provisionerPod: KubeObject): boolean {
  const { image } = provisionerPod.spec.containers.find((one: Value) =>
    /local-path-provisioner/.test(one.image),
  )
  const [, major, minor, patch] = /:v(\d+)\.(\d+)\.(\d+)/.exec(image) ?? []
  return Number(major) * 1_000_000 + Number(minor) * 1000 + Number(patch) >= 33
}

function tearDown(cluster: Cluster, provisionerPod: KubeObject, volume: KubeObject): void {
  const isOurs = volume.metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === provisioner
  if (!isOurs || volume.status?.phase !== 'Released' || !isLive(volume)) return
  if (volume.spec.persistentVolumeReclaimPolicy !== 'Delete') return
  const [term] = volume.spec.nodeAffinity.required.nodeSelectorTerms
  const helper = {
    name: `helper-pod-delete-${volume.metadata.name}`,
    node: term.matchExpressions[0].values[0],
    path: volume.spec.hostPath.path,
  }
  const isAbandoned = cluster.store.get(nodes, helper.node) === undefined && forgetsLostNodes(provisionerPod)
  if (isAbandoned || runHelper(cluster, provisionerPod, helper)) {
    unlessGone(() => cluster.delete(volumes, volume.metadata.name, undefined))
  }
}
