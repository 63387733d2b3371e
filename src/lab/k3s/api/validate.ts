import type { Kind } from './kinds.ts'
import { equal, type KubeObject, type Value } from './object.ts'
import { amount } from './quantity.ts'
import { selectorMatches } from './selectors.ts'
import { type Cause, invalid } from './status.ts'
import { refuseUnknownRules } from './placement-rules.ts'

/** Throws 422 with every reason why the object can't be stored. */
export function validate(kind: Kind, object: KubeObject, before?: KubeObject): void {
  const causes = [...nameCauses(object), ...(checks[kind.id]?.(object) ?? [])]
  if (before !== undefined) causes.push(...(immutable[kind.id]?.(object, before) ?? []))
  if (causes.length > 0) throw invalid(kind, object.metadata.name, causes)
}

const required = (field: string): Cause => ({
  reason: 'FieldValueRequired',
  message: 'Required value',
  field,
})
const wrong = (field: string, value: Value, why: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  field,
})
const forbidden = (field: string, why: string): Cause => ({
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${why}`,
  field,
})
const unsupported = (field: string, value: Value, known: string[]): Cause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${known.map((one) => `"${one}"`).join(', ')}`,
  field,
})

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const nameRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

function nameCauses(object: KubeObject): Cause[] {
  const { name } = object.metadata
  if (object.apiVersion.startsWith('rbac.')) return []
  return subdomain.test(name) && name.length <= 253 ? [] : [wrong('metadata.name', name, nameRule)]
}

const checks: Record<string, (object: KubeObject) => Cause[]> = {
  pods: (object) => podSpecCauses(object.spec, 'spec'),
  'deployments.apps': workloadCauses,
  'replicasets.apps': workloadCauses,
  'statefulsets.apps': workloadCauses,
  'daemonsets.apps': workloadCauses,
  persistentvolumeclaims: (object) =>
    storageCauses(object.spec?.resources?.requests?.storage, 'spec.resources[storage]'),
  services: (object) =>
    object.spec?.type !== 'ExternalName' && object.spec?.clusterIP !== 'None' && !object.spec?.ports?.length
      ? [required('spec.ports')]
      : [],
  'storageclasses.storage.k8s.io': (object) => (object.provisioner ? [] : [required('provisioner')]),
  'clusterrolebindings.rbac.authorization.k8s.io': (object) =>
    object.roleRef?.name ? [] : [required('roleRef.name')],
  'rolebindings.rbac.authorization.k8s.io': (object) =>
    object.roleRef?.name ? [] : [required('roleRef.name')],
}

function storageCauses(value: Value, field: string): Cause[] {
  if (value === undefined) return [required(field)]
  return amount(value) > 0 ? [] : [wrong(field, value, 'must be greater than zero')]
}

function workloadCauses(object: KubeObject): Cause[] {
  const { selector, template, replicas } = object.spec ?? {}
  const causes = podSpecCauses(template?.spec, 'spec.template.spec')
  if (selector === undefined) causes.push(required('spec.selector'))
  else if (!selectorMatches(selector, template?.metadata?.labels)) {
    const labels = template?.metadata?.labels ?? {}
    causes.push(wrong('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'))
  }
  if (replicas < 0) causes.push(wrong('spec.replicas', replicas, 'must be greater than or equal to 0'))
  const policy = template?.spec?.restartPolicy
  if (policy !== undefined && policy !== 'Always') {
    causes.push(unsupported('spec.template.spec.restartPolicy', policy, ['Always']))
  }
  return causes
}

function podSpecCauses(spec: Value, at: string): Cause[] {
  if (!spec?.containers?.length) return [required(`${at}.containers`)]
  refuseUnknownRules(spec)
  const causes: Cause[] = []
  const names = new Set((spec.volumes ?? []).map((volume: Value) => volume.name))
  for (const [index, container] of spec.containers.entries()) {
    const here = `${at}.containers[${index}]`
    if (!container.name) causes.push(required(`${here}.name`))
    if (!container.image) causes.push(required(`${here}.image`))
    for (const [number, mount] of (container.volumeMounts ?? []).entries()) {
      const isClaim = at !== 'spec'
      if (!names.has(mount.name) && !isClaim) {
        causes.push({
          reason: 'FieldValueNotFound',
          message: `Not found: ${JSON.stringify(mount.name)}`,
          field: `${here}.volumeMounts[${number}].name`,
        })
      }
    }
  }
  return causes
}

const immutable: Record<string, (object: KubeObject, before: KubeObject) => Cause[]> = {
  'statefulsets.apps': statefulSetCauses,
  'deployments.apps': selectorCauses,
  'replicasets.apps': selectorCauses,
  'daemonsets.apps': selectorCauses,
  pods: podCauses,
  persistentvolumeclaims: claimCauses,
  'storageclasses.storage.k8s.io': storageClassCauses,
  secrets: dataCauses,
  configmaps: dataCauses,
  'rolebindings.rbac.authorization.k8s.io': roleRefCauses,
  'clusterrolebindings.rbac.authorization.k8s.io': roleRefCauses,
  services: (object, before) =>
    before.spec.clusterIP &&
    before.spec.type !== 'ExternalName' &&
    object.spec.clusterIP !== before.spec.clusterIP
      ? [wrong('spec.clusterIPs[0]', [object.spec.clusterIP ?? ''], 'may not change once set')]
      : [],
  persistentvolumes: (object, before) =>
    equal([object.spec.hostPath, object.spec.local], [before.spec.hostPath, before.spec.local])
      ? []
      : [forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation')],
}

function omit(value: Value, names: string[]): Value {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)))
}

const mutableOfStatefulSet = [
  'replicas',
  'template',
  'updateStrategy',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]

function statefulSetCauses(object: KubeObject, before: KubeObject): Cause[] {
  // The history limit can't be changed either, but the real one copies it over silently.
  const fixed = (one: KubeObject) => omit(one.spec, [...mutableOfStatefulSet, 'revisionHistoryLimit'])
  if (equal(fixed(object), fixed(before))) return []
  const why =
    "updates to statefulset spec for fields other than 'replicas', 'template', 'updateStrategy', " +
    "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
  return [forbidden('spec', why)]
}

function selectorCauses(object: KubeObject, before: KubeObject): Cause[] {
  if (equal(object.spec.selector, before.spec.selector)) return []
  return [wrong('spec.selector', object.spec.selector, 'field is immutable')]
}

function podCauses(object: KubeObject, before: KubeObject): Cause[] {
  const fixed = (one: KubeObject) => ({
    ...omit(one.spec, [
      'activeDeadlineSeconds',
      'terminationGracePeriodSeconds',
      'tolerations',
      'containers',
      'nodeName',
    ]),
    containers: one.spec.containers.map((container: Value) => omit(container, ['image'])),
  })
  const isBound = before.spec.nodeName === undefined || object.spec.nodeName === before.spec.nodeName
  if (isBound && equal(fixed(object), fixed(before))) return []
  const why =
    'pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, ' +
    '`spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to existing tolerations) or ' +
    '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'
  return [forbidden('spec', why)]
}

function claimCauses(object: KubeObject, before: KubeObject): Cause[] {
  const fixed = (one: KubeObject) => omit(one.spec, ['resources', 'volumeName'])
  const isBound = before.spec.volumeName === undefined || object.spec.volumeName === before.spec.volumeName
  const size = (one: KubeObject) => amount(one.spec.resources.requests.storage)
  if (isBound && equal(fixed(object), fixed(before)) && size(object) === size(before)) return []
  const why = 'spec is immutable after creation except resources.requests for bound claims'
  return [forbidden('spec', why)]
}

function storageClassCauses(object: KubeObject, before: KubeObject): Cause[] {
  const fields = ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode']
  return fields
    .filter((field) => !equal(object[field], before[field]))
    .map((field) => forbidden(field, `updates to ${field} are forbidden.`))
}

function dataCauses(object: KubeObject, before: KubeObject): Cause[] {
  const causes: Cause[] = []
  if (object.kind === 'Secret' && object.type !== before.type) {
    causes.push(wrong('type', object.type, 'field is immutable'))
  }
  if (before.immutable === true && !(equal(object.data, before.data) && object.immutable === true)) {
    causes.push(forbidden('data', 'field is immutable when `immutable` is set'))
  }
  return causes
}

function roleRefCauses(object: KubeObject, before: KubeObject): Cause[] {
  if (equal(object.roleRef, before.roleRef)) return []
  return [wrong('roleRef', object.roleRef, 'cannot change roleRef')]
}
