import type { Kind } from './kinds.ts'
import type { KubeObject, Value } from './object.ts'

export interface Column {
  name: string
  cell: (object: KubeObject) => Value
  type?: 'string' | 'integer'
  /** Shown by `-o wide` only. */
  wide?: true
}

const none = '<none>'

const column = (name: string, cell: Column['cell'], options: Partial<Column> = {}): Column => ({
  name,
  cell,
  ...options,
})
const wide = (name: string, cell: Column['cell']) => column(name, cell, { wide: true })

const name = column('Name', (object) => object.metadata.name)
const age = column('Age', (object) => ageOf(object.metadata.creationTimestamp))

/** As kubectl writes durations: `45s`, `3m20s`, `70m`, `4d14h`. */
export function ageOf(since: string | undefined): string {
  if (since === undefined) return '<unknown>'
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1000))
  const part = (size: number, unit: string, below: number, small: string) => {
    const rest = Math.floor((seconds % size) / below)
    return `${Math.floor(seconds / size)}${unit}${rest === 0 ? '' : `${rest}${small}`}`
  }
  if (seconds < 120) return `${seconds}s`
  if (seconds < 600) return part(60, 'm', 1, 's')
  if (seconds < 10_800) return `${Math.floor(seconds / 60)}m`
  if (seconds < 28_800) return part(3600, 'h', 60, 'm')
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`
  if (seconds < 691_200) return part(86_400, 'd', 3600, 'h')
  return `${Math.floor(seconds / 86_400)}d`
}

const containersOf = (object: KubeObject): Value[] => object.spec?.template?.spec?.containers ?? []
const containers = wide('Containers', (object) =>
  containersOf(object)
    .map((one) => one.name)
    .join(','),
)
const images = wide('Images', (object) =>
  containersOf(object)
    .map((one) => one.image)
    .join(','),
)
const pairs = (labels: Value) =>
  Object.entries<string>(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',') || none
const selector = wide('Selector', (object) => pairs(object.spec?.selector?.matchLabels))

function podReady(object: KubeObject): string {
  const ready = (object.status?.containerStatuses ?? []).filter((status: Value) => status.ready)
  return `${ready.length}/${object.spec.containers.length}`
}

/** What kubectl shows as a pod's status: the reason of its trouble, else its phase. */
function podStatus(object: KubeObject): string {
  const { status = {} } = object
  const waiting = (status.containerStatuses ?? []).find((one: Value) => one.state?.waiting !== undefined)
  if (object.metadata.deletionTimestamp !== undefined)
    return status.reason === 'NodeLost' ? 'Unknown' : 'Terminating'
  if (waiting !== undefined) return waiting.state.waiting.reason
  if (status.phase === 'Succeeded') return 'Completed'
  return status.reason ?? status.phase ?? 'Unknown'
}

/** How often containers were started again, and when last: `3 (20s ago)`. */
function restarts(object: KubeObject): string {
  const statuses: Value[] = object.status?.containerStatuses ?? []
  const count = statuses.reduce((sum, one) => sum + one.restartCount, 0)
  const ends = statuses.map((one) => String(one.lastState?.terminated?.finishedAt ?? ''))
  const last = ends.reduce((a, b) => (a > b ? a : b), '')
  return count === 0 || last === '' ? String(count) : `${count} (${ageOf(last)} ago)`
}

function nodeStatus(object: KubeObject): string {
  const ready = (object.status?.conditions ?? []).find((one: Value) => one.type === 'Ready')
  const base = ready?.status === 'True' ? 'Ready' : ready === undefined ? 'Unknown' : 'NotReady'
  return object.spec?.unschedulable === true ? `${base},SchedulingDisabled` : base
}

function nodeRoles(object: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/'
  const roles = Object.keys(object.metadata.labels ?? {}).filter((label) => label.startsWith(prefix))
  return (
    roles
      .map((label) => label.slice(prefix.length))
      .sort()
      .join(',') || none
  )
}

const address = (type: string) => (object: KubeObject) =>
  (object.status?.addresses ?? []).find((one: Value) => one.type === type)?.address ?? none
const info = (field: string) => (object: KubeObject) => object.status?.nodeInfo?.[field] ?? ''

const modes: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}
const accessModes = (list: string[] = []) => list.map((mode) => modes[mode] ?? mode).join(',')

const ports = (object: KubeObject) =>
  (object.spec?.ports ?? [])
    .map(
      (port: Value) =>
        `${port.port}${port.nodePort === undefined ? '' : `:${port.nodePort}`}/${port.protocol}`,
    )
    .join(',') || none

const counted = (label: string, field: string) =>
  column(label, (object) => object.status?.[field] ?? 0, { type: 'integer' })

const tables: Record<string, Column[]> = {
  nodes: [
    name,
    column('Status', nodeStatus),
    column('Roles', nodeRoles),
    age,
    column('Version', info('kubeletVersion')),
    wide('Internal-IP', address('InternalIP')),
    wide('External-IP', address('ExternalIP')),
    wide('OS-Image', info('osImage')),
    wide('Kernel-Version', info('kernelVersion')),
    wide('Container-Runtime', info('containerRuntimeVersion')),
  ],
  pods: [
    name,
    column('Ready', podReady),
    column('Status', podStatus),
    column('Restarts', restarts),
    age,
    wide('IP', (object) => object.status?.podIP ?? none),
    wide('Node', (object) => object.spec.nodeName ?? none),
    wide('Nominated Node', () => none),
    wide('Readiness Gates', () => none),
  ],
  namespaces: [name, column('Status', (object) => object.status?.phase), age],
  services: [
    name,
    column('Type', (object) => object.spec.type),
    column('Cluster-IP', (object) => object.spec.clusterIP ?? none),
    column('External-IP', (object) =>
      object.spec.type === 'LoadBalancer' ? '<pending>' : (object.spec.externalName ?? none),
    ),
    column('Port(s)', ports),
    age,
    wide('Selector', (object) => pairs(object.spec.selector)),
  ],
  endpoints: [name, column('Endpoints', endpointAddresses), age],
  configmaps: [
    name,
    column('Data', (object) => Object.keys(object.data ?? {}).length, { type: 'integer' }),
    age,
  ],
  secrets: [
    name,
    column('Type', (object) => object.type),
    column('Data', (object) => Object.keys(object.data ?? {}).length, { type: 'integer' }),
    age,
  ],
  serviceaccounts: [
    name,
    column('Secrets', (object) => object.secrets?.length ?? 0, { type: 'integer' }),
    age,
  ],
  persistentvolumeclaims: [
    name,
    column('Status', (object) =>
      object.metadata.deletionTimestamp === undefined ? object.status?.phase : 'Terminating',
    ),
    column('Volume', (object) => object.spec.volumeName ?? ''),
    column('Capacity', (object) => object.status?.capacity?.storage ?? ''),
    column('Access Modes', (object) => accessModes(object.status?.accessModes)),
    column('StorageClass', (object) => object.spec.storageClassName ?? ''),
    age,
    wide('VolumeMode', (object) => object.spec.volumeMode),
  ],
  persistentvolumes: [
    name,
    column('Capacity', (object) => object.spec.capacity?.storage ?? ''),
    column('Access Modes', (object) => accessModes(object.spec.accessModes)),
    column('Reclaim Policy', (object) => object.spec.persistentVolumeReclaimPolicy),
    column('Status', (object) =>
      object.metadata.deletionTimestamp === undefined ? object.status?.phase : 'Terminating',
    ),
    column('Claim', (object) =>
      object.spec.claimRef ? `${object.spec.claimRef.namespace}/${object.spec.claimRef.name}` : '',
    ),
    column('StorageClass', (object) => object.spec.storageClassName ?? ''),
    column('Reason', (object) => object.status?.reason ?? ''),
    age,
    wide('VolumeMode', (object) => object.spec.volumeMode),
  ],
  events: [
    column('Last Seen', (object) => ageOf(object.lastTimestamp ?? object.metadata.creationTimestamp)),
    column('Type', (object) => object.type),
    column('Reason', (object) => object.reason),
    column(
      'Object',
      (object) => `${String(object.involvedObject?.kind).toLowerCase()}/${object.involvedObject?.name}`,
    ),
    column('Message', (object) => object.message),
    { ...name, wide: true },
  ],
  'deployments.apps': [
    name,
    column('Ready', (object) => `${object.status?.readyReplicas ?? 0}/${object.spec.replicas}`),
    counted('Up-to-date', 'updatedReplicas'),
    counted('Available', 'availableReplicas'),
    age,
    containers,
    images,
    selector,
  ],
  'replicasets.apps': [
    name,
    column('Desired', (object) => object.spec.replicas, { type: 'integer' }),
    counted('Current', 'replicas'),
    counted('Ready', 'readyReplicas'),
    age,
    containers,
    images,
    selector,
  ],
  'statefulsets.apps': [
    name,
    column('Ready', (object) => `${object.status?.readyReplicas ?? 0}/${object.spec.replicas}`),
    age,
    containers,
    images,
  ],
  'daemonsets.apps': [
    name,
    counted('Desired', 'desiredNumberScheduled'),
    counted('Current', 'currentNumberScheduled'),
    counted('Ready', 'numberReady'),
    counted('Up-to-date', 'updatedNumberScheduled'),
    counted('Available', 'numberAvailable'),
    column('Node Selector', (object) => pairs(object.spec.template.spec.nodeSelector)),
    age,
    containers,
    images,
    selector,
  ],
  'storageclasses.storage.k8s.io': [
    column('Name', (object) => {
      const isDefault =
        object.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
      return isDefault ? `${object.metadata.name} (default)` : object.metadata.name
    }),
    column('Provisioner', (object) => object.provisioner),
    column('ReclaimPolicy', (object) => object.reclaimPolicy),
    column('VolumeBindingMode', (object) => object.volumeBindingMode),
    column('AllowVolumeExpansion', (object) => object.allowVolumeExpansion === true),
    age,
  ],
  'leases.coordination.k8s.io': [name, column('Holder', (object) => object.spec?.holderIdentity ?? ''), age],
  'clusterrolebindings.rbac.authorization.k8s.io': [
    name,
    column('Role', (object) => `${object.roleRef.kind}/${object.roleRef.name}`),
    age,
  ],
}

function endpointAddresses(object: KubeObject): string {
  const all = (object.subsets ?? []).flatMap((subset: Value) =>
    (subset.addresses ?? []).flatMap((one: Value) =>
      (subset.ports ?? []).map((port: Value) => `${one.ip}:${port.port}`),
    ),
  )
  return all.length === 0 ? none : all.join(',')
}

const created = column('Created At', (object) => object.metadata.creationTimestamp)

export function columnsOf(kind: Kind): Column[] {
  return tables[kind.id] ?? [name, kind.group.startsWith('rbac.') ? created : age]
}
