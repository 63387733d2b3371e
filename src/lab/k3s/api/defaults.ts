import type { Kind } from './kinds.ts'
import type { KubeObject, Value } from './object.ts'
import { fillDefaults } from './schema.ts'

/** Fills in what the API fills in when an object is read: constants of the schema, then what depends on others. */
export function applyDefaults(kind: Kind, object: KubeObject): KubeObject {
  fillDefaults(object, kind.schema)
  defaulters[kind.id]?.(object)
  return object
}

const defaulters: Record<string, (object: KubeObject) => void> = {
  pods: (object) => {
    fillPodSpec(object.spec ?? {})
    if (object.spec !== undefined) object.spec.enableServiceLinks ??= true
    for (const container of object.spec?.containers ?? []) requestWhatIsLimited(container)
  },
  'deployments.apps': (object) => {
    fillPodSpec(object.spec?.template?.spec ?? {})
    fillRolling(object.spec?.strategy, { maxSurge: '25%', maxUnavailable: '25%' })
  },
  'replicasets.apps': (object) => fillPodSpec(object.spec?.template?.spec ?? {}),
  'statefulsets.apps': (object) => {
    fillPodSpec(object.spec?.template?.spec ?? {})
    fillRolling(object.spec?.updateStrategy, { partition: 0 })
  },
  'daemonsets.apps': (object) => {
    fillPodSpec(object.spec?.template?.spec ?? {})
    fillRolling(object.spec?.updateStrategy, { maxSurge: 0, maxUnavailable: 1 })
  },
  services: (object) => fillService(object.spec ?? {}),
  secrets: mergeStringData,
  'rolebindings.rbac.authorization.k8s.io': fillSubjects,
  'clusterrolebindings.rbac.authorization.k8s.io': fillSubjects,
  namespaces: (object) => {
    object.metadata.labels = {
      ...object.metadata.labels,
      'kubernetes.io/metadata.name': object.metadata.name,
    }
    object.spec ??= { finalizers: ['kubernetes'] }
    object.status ??= { phase: 'Active' }
  },
}

function fillRolling(strategy: Value, values: Value): void {
  if (strategy?.type === 'RollingUpdate') strategy.rollingUpdate = { ...values, ...strategy.rollingUpdate }
}

function fillPodSpec(spec: Value): void {
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    container.imagePullPolicy ??= pullPolicy(String(container.image ?? ''))
  }
  for (const volume of spec.volumes ?? []) if (Object.keys(volume).length === 1) volume.emptyDir = {}
  if (spec.serviceAccountName !== undefined) spec.serviceAccount = spec.serviceAccountName
  else if (spec.serviceAccount !== undefined) spec.serviceAccountName = spec.serviceAccount
}

/** An image without a tag is `:latest`, and that is pulled every time. */
function pullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent'
  const tag = /:([^/]+)$/.exec(image)?.[1] ?? 'latest'
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}

function requestWhatIsLimited(container: Value): void {
  if (container.resources?.limits === undefined) return
  container.resources.requests = { ...container.resources.limits, ...container.resources.requests }
}

function fillService(spec: Value): void {
  for (const port of spec.ports ?? []) port.targetPort ??= port.port
  if (spec.type === 'ExternalName') return
  spec.internalTrafficPolicy ??= 'Cluster'
  spec.ipFamilies ??= ['IPv4']
  spec.ipFamilyPolicy ??= 'SingleStack'
  if (spec.type !== 'ClusterIP') spec.externalTrafficPolicy ??= 'Cluster'
}

function mergeStringData(object: KubeObject): void {
  if (object.stringData === undefined) return
  const encoded = Object.entries<string>(object.stringData).map(([key, text]) => [key, btoa(text)])
  object.data = { ...object.data, ...Object.fromEntries(encoded) }
  delete object.stringData
}

const btoa = (text: string) => Buffer.from(text).toString('base64')

function fillSubjects(object: KubeObject): void {
  for (const subject of object.subjects ?? []) {
    if (subject.kind === 'ServiceAccount') subject.namespace ??= object.metadata.namespace
    else subject.apiGroup ??= 'rbac.authorization.k8s.io'
  }
}
