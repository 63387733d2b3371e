/** Anything JSON can hold, as it arrives from a client: its shape is what the schema of its kind says. */
// biome-ignore lint: the API's objects are dynamic by nature
export type Value = any

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

interface Metadata {
  name: string
  namespace?: string
  uid: string
  resourceVersion: string
  generation?: number
  creationTimestamp: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  generateName?: string
  managedFields?: ManagedFields[]
}

export interface ManagedFields {
  manager: string
  operation: 'Apply' | 'Update'
  apiVersion: string
  time: string
  fieldsType: 'FieldsV1'
  fieldsV1: Value
  subresource?: string
}

/** An object of the API. What the store hands out must not be modified; `copy` it first. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: Metadata
  [field: string]: Value
}

export const copy = <T>(value: T): T => structuredClone(value)

/** The time as Kubernetes writes it: UTC, whole seconds. */
export const now = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z')

/** Compares JSON values; the order of an object's fields doesn't matter. */
export function equal(left: Value, right: Value): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const names = Object.keys(left)
  return names.length === Object.keys(right).length && names.every((name) => equal(left[name], right[name]))
}
