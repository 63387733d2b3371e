import type { NodePod, NodeVolume, Standing } from './nodeview.ts'

/** What kubectl lists, as far as it is read here. */
export interface ClusterObjects {
  items: ClusterObject[]
}

interface ClusterObject {
  kind: string
  metadata: {
    name: string
    namespace?: string
    uid: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    ownerReferences?: { kind: string; name: string }[]
  }
  spec: any
  status?: any
}

/** A pod of a StatefulSet whose volume lies on the node: it can run nowhere else. */
export type Place = {
  namespace: string
  set: string
  pod: string
  claim: string
  replicas: number
  /** It is a member of a ring of Cassandra. */
  member: boolean
  /** Other members find the ring by it. */
  seed: boolean
}

const ofKind = ({ items }: ClusterObjects, kind: string) => items.filter((one) => one.kind === kind)
const isMember = (labels: Record<string, string> | undefined) => labels?.app === 'cassandra'

const condition = (object: ClusterObject, type: string) =>
  (object.status?.conditions ?? []).find((one: { type: string }) => one.type === type)

/** The Node of that name, and which other nodes are not Ready, or take pods. */
export function standingOf(
  objects: ClusterObjects,
  name: string,
): { node: Standing | null; late: string[]; elsewhere: string[] } {
  const nodes = ofKind(objects, 'Node')
  const found = nodes.find((one) => one.metadata.name === name)
  const others = nodes.filter((one) => one !== found)
  const late = others.filter((one) => condition(one, 'Ready')?.status !== 'True')
  const elsewhere = others.filter(({ spec }) => spec.unschedulable !== true)
  const names = (list: ClusterObject[]) => list.map(({ metadata }) => metadata.name)
  return {
    node: found === undefined ? null : standing(found),
    late: names(late),
    elsewhere: names(elsewhere),
  }
}

function standing(node: ClusterObject): Standing {
  const { metadata, spec, status } = node
  const ready = condition(node, 'Ready')
  const info = status?.nodeInfo ?? {}
  const addresses: { type: string; address: string }[] = status?.addresses ?? []
  const taints: { key: string; value?: string; effect: string }[] = spec.taints ?? []
  return {
    uid: metadata.uid,
    ready: ready?.status === 'True',
    since: ready?.lastTransitionTime ?? '',
    boot_id: info.bootID ?? '',
    machine_id: info.machineID ?? '',
    version: info.kubeletVersion ?? '',
    address: addresses.find(({ type }) => type === 'InternalIP')?.address ?? '',
    cidr: spec.podCIDR ?? '',
    schedulable: spec.unschedulable !== true,
    labels: own(metadata.labels),
    annotations: own(metadata.annotations),
    taints: taints
      .filter(({ key }) => !key.startsWith('node.kubernetes.io/'))
      .map(({ key, value = '', effect }) => ({ key, value, effect })),
  }
}

/** What k3s, its kubelet and its network set by themselves each time a node joins. */
const AUTOMATIC = [
  /^(beta\.)?kubernetes\.io\//,
  /^node(-restriction|-role)?\.(beta\.)?kubernetes\.io\//,
  /^(node\.)?alpha\.kubernetes\.io\//,
  /^node-role\.kubernetes\.io\//,
  /(^|\.)k3s\.(io|cattle\.io)\//,
  /^flannel\.alpha\.coreos\.com\//,
  /^(volumes|csi\.volume)\.kubernetes\.io\//,
  /^etcd\.k3s\./,
]

function own(pairs: Record<string, string> = {}): Record<string, string> {
  const isRole = (key: string) => key.startsWith('node-role.kubernetes.io/')
  return Object.fromEntries(
    Object.entries(pairs).filter(([key]) => isRole(key) || !AUTOMATIC.some((one) => one.test(key))),
  )
}

/** Version and address of the server; empty where its node is not in the cluster. */
export function serverOf(
  objects: ClusterObjects,
  server: string,
): { server_version: string; server_address: string } {
  const { node } = standingOf(objects, server)
  return { server_version: node?.version ?? '', server_address: node?.address ?? '' }
}

/** Volumes that can be used on that node only. */
export function volumesOn(objects: ClusterObjects, name: string): NodeVolume[] {
  const claims = new Map(ofKind(objects, 'PersistentVolumeClaim').map((one) => [one.metadata.uid, one]))
  return ofKind(objects, 'PersistentVolume')
    .filter(({ spec }) => isBoundTo(spec, name))
    .map(({ metadata, spec, status }) => {
      const { namespace = '', name: claim = '', uid = '' } = spec.claimRef ?? {}
      return {
        name: metadata.name,
        path: spec.hostPath?.path ?? spec.local?.path ?? '',
        phase: status?.phase ?? '',
        claim: { namespace, name: claim, uid, bound: claims.has(uid) },
      }
    })
}

interface Term {
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}

function isBoundTo(spec: any, name: string): boolean {
  const terms: Term[] = spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
  return terms.some(({ matchExpressions = [] }) =>
    matchExpressions.some(
      ({ key, operator, values = [] }) =>
        key === 'kubernetes.io/hostname' && operator === 'In' && values.length === 1 && values[0] === name,
    ),
  )
}

/** Pods on the node, and pods whose volumes are on it. */
export function placesOf(objects: ClusterObjects, name: string): { pods: NodePod[]; places: Place[] } {
  const pods = ofKind(objects, 'Pod')
    .filter(({ spec, metadata }) => spec.nodeName === name && !isDaemon(metadata.ownerReferences))
    .map(podOf)
  const held = new Set(volumesOn(objects, name).map(({ claim }) => `${claim.namespace}/${claim.name}`))
  const places = ofKind(objects, 'StatefulSet')
    .flatMap(placesOfSet)
    .filter(({ namespace, claim }) => held.has(`${namespace}/${claim}`))
  return { pods, places }
}

function isDaemon(owners: { kind: string }[] = []): boolean {
  return owners.some(({ kind }) => kind === 'DaemonSet')
}

function podOf(pod: ClusterObject): NodePod {
  const { metadata, status } = pod
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    ready: condition(pod, 'Ready')?.status === 'True',
    ip: status?.podIP ?? '',
    member: isMember(metadata.labels),
  }
}

function placesOfSet({ metadata, spec }: ClusterObject): Place[] {
  const { name: set, namespace = '' } = metadata
  const template = spec.template ?? {}
  const seeds = seedsOf(template)
  const claims: string[] = (spec.volumeClaimTemplates ?? []).map((one: ClusterObject) => one.metadata.name)
  return Array.from({ length: spec.replicas ?? 1 }, (_, ordinal) => `${set}-${ordinal}`).flatMap((pod) =>
    claims.map((claim) => ({
      namespace,
      set,
      pod,
      claim: `${claim}-${pod}`,
      replicas: spec.replicas ?? 1,
      member: isMember(template.metadata?.labels),
      seed: seeds.some((seed) => seed === pod || seed.startsWith(`${pod}.`)),
    })),
  )
}

function seedsOf(template: any): string[] {
  const containers: { env?: { name: string; value?: string }[] }[] = template.spec?.containers ?? []
  const values = containers.flatMap(({ env = [] }) => env.filter(({ name }) => name === 'CASSANDRA_SEEDS'))
  return values.flatMap(({ value = '' }) => value.split(',').map((one) => one.trim()))
}
