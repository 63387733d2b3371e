import type { Schema } from './schema.ts'
import { any, object } from './schema.ts'
import * as core from './schemas/core.ts'
import { metadata } from './schemas/meta.ts'
import { pod } from './schemas/pod.ts'
import * as workloads from './schemas/workloads.ts'

export interface Kind {
  /** `deployments.apps` */
  id: string
  group: string
  version: string
  kind: string
  plural: string
  singular: string
  short: string[]
  namespaced: boolean
  schema: Schema
  /** Has a status that only its /status path writes. */
  status: boolean
  scale: boolean
  /** Counts changes of what is wanted in metadata.generation. */
  generation: boolean
  categories: string[]
  /** Known by name only: lists are empty and writing is refused. */
  absent: boolean
}

interface Options {
  short?: string
  cluster?: true
  status?: true
  scale?: true
  generation?: true
  all?: true
  absent?: true
}

function define(gv: string, kind: string, plural: string, schema: Schema, options: Options = {}): Kind {
  const [group, version] = gv.includes('/') ? gv.split('/') : ['', gv]
  return {
    id: group === '' ? plural : `${plural}.${group}`,
    group: group ?? '',
    version: version ?? '',
    kind,
    plural,
    singular: kind.toLowerCase(),
    short: options.short?.split(' ') ?? [],
    namespaced: options.cluster !== true,
    schema,
    status: options.status === true,
    scale: options.scale === true,
    generation: options.generation === true,
    categories: options.all === true ? ['all'] : [],
    absent: options.absent === true,
  }
}

const rbac = 'rbac.authorization.k8s.io/v1'
const workload = { status: true, generation: true, all: true } as const
const unknown: Schema = object({ apiVersion: any, kind: any, metadata, spec: any, status: any })

export const namespaces = define('v1', 'Namespace', 'namespaces', core.namespace, {
  short: 'ns',
  cluster: true,
  status: true,
})
export const pods = define('v1', 'Pod', 'pods', pod, { short: 'po', status: true, all: true })
export const nodes = define('v1', 'Node', 'nodes', core.node, { short: 'no', cluster: true, status: true })
export const services = define('v1', 'Service', 'services', core.service, {
  short: 'svc',
  status: true,
  all: true,
})
export const endpoints = define('v1', 'Endpoints', 'endpoints', core.endpoints, { short: 'ep' })
export const configMaps = define('v1', 'ConfigMap', 'configmaps', core.configMap, { short: 'cm' })
export const secrets = define('v1', 'Secret', 'secrets', core.secret)
export const serviceAccounts = define('v1', 'ServiceAccount', 'serviceaccounts', core.serviceAccount, {
  short: 'sa',
})
export const claims = define('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', core.claim, {
  short: 'pvc',
  status: true,
})
export const volumes = define('v1', 'PersistentVolume', 'persistentvolumes', core.volume, {
  short: 'pv',
  cluster: true,
  status: true,
})
export const events = define('v1', 'Event', 'events', core.event, { short: 'ev' })
export const deployments = define('apps/v1', 'Deployment', 'deployments', workloads.deployment, {
  short: 'deploy',
  scale: true,
  ...workload,
})
export const replicaSets = define('apps/v1', 'ReplicaSet', 'replicasets', workloads.replicaSet, {
  short: 'rs',
  scale: true,
  ...workload,
})
export const statefulSets = define('apps/v1', 'StatefulSet', 'statefulsets', workloads.statefulSet, {
  short: 'sts',
  scale: true,
  ...workload,
})
export const daemonSets = define('apps/v1', 'DaemonSet', 'daemonsets', workloads.daemonSet, {
  short: 'ds',
  ...workload,
})
export const revisions = define(
  'apps/v1',
  'ControllerRevision',
  'controllerrevisions',
  workloads.controllerRevision,
)
export const budgets = define(
  'policy/v1',
  'PodDisruptionBudget',
  'poddisruptionbudgets',
  workloads.disruptionBudget,
  {
    short: 'pdb',
    status: true,
    generation: true,
  },
)
export const storageClasses = define(
  'storage.k8s.io/v1',
  'StorageClass',
  'storageclasses',
  core.storageClass,
  {
    short: 'sc',
    cluster: true,
  },
)
export const leases = define('coordination.k8s.io/v1', 'Lease', 'leases', core.lease)
export const clusterRoles = define(rbac, 'ClusterRole', 'clusterroles', core.clusterRole, { cluster: true })
export const clusterRoleBindings = define(
  rbac,
  'ClusterRoleBinding',
  'clusterrolebindings',
  core.roleBinding,
  {
    cluster: true,
  },
)
export const roles = define(rbac, 'Role', 'roles', core.role)
export const roleBindings = define(rbac, 'RoleBinding', 'rolebindings', core.roleBinding)
const priorityClasses = define(
  'scheduling.k8s.io/v1',
  'PriorityClass',
  'priorityclasses',
  core.priorityClass,
  {
    short: 'pc',
    cluster: true,
  },
)

/** Kinds of a real cluster that people may write: named here so that the refusal can name them too. */
const refused = [
  define('v1', 'ReplicationController', 'replicationcontrollers', unknown, { short: 'rc', absent: true }),
  define('v1', 'ResourceQuota', 'resourcequotas', unknown, { short: 'quota', absent: true }),
  define('v1', 'LimitRange', 'limitranges', unknown, { short: 'limits', absent: true }),
  define('batch/v1', 'Job', 'jobs', unknown, { absent: true }),
  define('batch/v1', 'CronJob', 'cronjobs', unknown, { short: 'cj', absent: true }),
  define('networking.k8s.io/v1', 'Ingress', 'ingresses', unknown, { short: 'ing', absent: true }),
  define('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', unknown, {
    short: 'netpol',
    absent: true,
  }),
  define('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', unknown, {
    short: 'hpa',
    absent: true,
  }),
  define('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', unknown, {
    short: 'crd crds',
    cluster: true,
    absent: true,
  }),
  define('helm.cattle.io/v1', 'HelmChart', 'helmcharts', unknown, { absent: true }),
]

export const kinds: Kind[] = [
  namespaces,
  pods,
  nodes,
  services,
  endpoints,
  configMaps,
  secrets,
  serviceAccounts,
  claims,
  volumes,
  events,
  deployments,
  replicaSets,
  statefulSets,
  daemonSets,
  revisions,
  budgets,
  storageClasses,
  leases,
  clusterRoles,
  clusterRoleBindings,
  roles,
  roleBindings,
  priorityClasses,
  ...refused,
]

const byId = new Map(kinds.map((kind) => [kind.id, kind]))

/** The kind of that id, e.g. `deployments.apps`. */
export const kindNamed = (id: string): Kind | undefined => byId.get(id)

/** The kind an object says it is. */
export function kindOfObject(object: { apiVersion?: string; kind?: string }): Kind | undefined {
  return kinds.find((kind) => apiVersionOf(kind) === object.apiVersion && kind.kind === object.kind)
}

export const apiVersionOf = (kind: Kind) =>
  kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
