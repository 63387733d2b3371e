import { randomBytes, randomUUID } from 'node:crypto'
import { applyDefaults } from './defaults.ts'
import { type Kind, kindOfObject, namespaces } from './kinds.ts'
import { copy, equal, type KubeObject, now, type Value } from './object.ts'
import { dropNulls } from './schema.ts'
import { admitters } from './admission.ts'
import { alreadyExists, badRequest, conflict, notFound, notSimulated, terminating } from './status.ts'
import type { Store } from './store.ts'
import { validate } from './validate.ts'

export interface WriteOptions {
  /** Go through everything but the store. */
  dryRun?: boolean
  /** Called with the object as it would be stored, before it is. */
  finish?: (object: KubeObject, before: KubeObject | undefined) => void
}

export interface DeleteOptions extends WriteOptions {
  /** Seconds; the pod's own when absent. */
  grace?: number
  propagation?: 'Background' | 'Foreground' | 'Orphan'
  uid?: string
}

/** A new object as a controller writes it: the rest is filled in. */
export type Draft = { apiVersion: string; kind: string; metadata: Value; [field: string]: Value }

/** The rules every write obeys, whoever makes it: defaults, admission, validation, versions, finalizers. */
export class Cluster {
  readonly store: Store
  constructor(store: Store) {
    this.store = store
  }

  create(draft: Draft, options: WriteOptions = {}): KubeObject {
    const kind = kindOfObject(draft)
    if (kind === undefined) throw badRequest(`no kind "${draft.kind}" in version "${draft.apiVersion}"`)
    if (kind.absent) throw notSimulated(`there are no ${kind.kind} objects (${kind.id})`)
    const object = this.born(kind, draft)
    if (this.store.get(kind, object.metadata.name, object.metadata.namespace) !== undefined) {
      throw alreadyExists(kind, object.metadata.name)
    }
    this.requireNamespace(kind, object)
    applyDefaults(kind, object)
    admitters[kind.id]?.(object, this.store)
    validate(kind, object)
    options.finish?.(object, undefined)
    return options.dryRun === true ? object : this.store.put(kind, object)
  }

  /** Replaces an object; unchanged ones keep their version. */
  update(kind: Kind, fresh: KubeObject, options: WriteOptions = {}): KubeObject {
    const before = this.require(kind, fresh.metadata.name, fresh.metadata.namespace)
    const object = this.inherit(kind, copy(fresh), before)
    applyDefaults(kind, object)
    validate(kind, object, before)
    if (kind.generation && !equal(object.spec, before.spec)) {
      object.metadata.generation = (before.metadata.generation ?? 1) + 1
    }
    options.finish?.(object, before)
    if (equal(object, before)) return before
    if (options.dryRun === true) return object
    if (
      object.metadata.deletionTimestamp !== undefined &&
      !object.metadata.finalizers?.length &&
      kind.id !== 'pods'
    ) {
      return this.store.remove(kind, object)
    }
    return this.store.put(kind, object)
  }

  /** Changes a copy of an object and stores it; does nothing when it is gone. */
  change(kind: Kind, object: KubeObject, edit: (draft: KubeObject) => void): KubeObject | undefined {
    const before = this.store.get(kind, object.metadata.name, object.metadata.namespace)
    if (before === undefined || before.metadata.uid !== object.metadata.uid) return undefined
    const draft = copy(before)
    edit(draft)
    return this.update(kind, draft)
  }

  /** Marks for deletion, or removes at once when nothing holds the object back. */
  delete(kind: Kind, name: string, namespace: string | undefined, options: DeleteOptions = {}): KubeObject {
    const object = this.require(kind, name, namespace)
    if (options.uid !== undefined && options.uid !== object.metadata.uid) {
      throw conflict(
        kind,
        name,
        `Precondition failed: UID in precondition: ${options.uid}, UID in object meta: ${object.metadata.uid}`,
      )
    }
    if (options.dryRun === true) return object
    const marked = copy(object)
    const grace = graceOf(kind, object, options.grace)
    marked.metadata.deletionTimestamp ??= now()
    marked.metadata.deletionGracePeriodSeconds = grace
    addFinalizer(marked, options.propagation)
    const isHeld = marked.metadata.finalizers?.length || kind === namespaces || grace > 0
    if (kind === namespaces) marked.status = { ...marked.status, phase: 'Terminating' }
    if (!isHeld) return this.store.remove(kind, marked)
    return equal(marked, object) ? object : this.store.put(kind, marked)
  }

  require(kind: Kind, name: string, namespace?: string): KubeObject {
    const object = this.store.get(kind, name, namespace)
    if (object === undefined) throw notFound(kind, name)
    return object
  }

  private born(kind: Kind, draft: Draft): KubeObject {
    const object = copy(draft) as KubeObject
    dropNulls(object)
    const meta = object.metadata
    const { managedFields } = meta
    if (meta.name === undefined && meta.generateName === undefined)
      throw badRequest('name or generateName is required')
    meta.name ??= `${meta.generateName}${suffix()}`
    meta.uid = randomUUID()
    meta.creationTimestamp = now()
    if (kind.generation) meta.generation = 1
    delete meta.deletionTimestamp
    delete (meta as Value).resourceVersion
    if (managedFields !== undefined) meta.managedFields = managedFields
    return object
  }

  private inherit(kind: Kind, object: KubeObject, before: KubeObject): KubeObject {
    const {
      uid,
      resourceVersion,
      creationTimestamp,
      generation,
      deletionTimestamp,
      deletionGracePeriodSeconds,
    } = before.metadata
    const version = object.metadata.resourceVersion
    if (version !== undefined && version !== '' && version !== resourceVersion) {
      throw conflict(
        kind,
        object.metadata.name,
        'the object has been modified; please apply your changes to the latest version and try again',
      )
    }
    if (object.metadata.uid !== undefined && object.metadata.uid !== uid) {
      throw conflict(
        kind,
        object.metadata.name,
        `Precondition failed: UID in precondition: ${object.metadata.uid}, UID in object meta: ${uid}`,
      )
    }
    const kept = {
      uid,
      resourceVersion,
      creationTimestamp,
      generation,
      deletionTimestamp,
      deletionGracePeriodSeconds,
    }
    Object.assign(object.metadata, kept)
    inheritors[kind.id]?.(object, before)
    dropNulls(object)
    return object
  }

  private requireNamespace(kind: Kind, object: KubeObject): void {
    if (!kind.namespaced) return
    const namespace = this.require(namespaces, object.metadata.namespace ?? '')
    if (namespace.metadata.deletionTimestamp !== undefined) {
      throw terminating(kind, object.metadata.name, namespace.metadata.name)
    }
  }
}

/** What a client that replaces an object may leave out and keeps all the same. */
const inheritors: Record<string, (object: KubeObject, before: KubeObject) => void> = {
  services: (object, before) => {
    if (object.spec.type === 'ExternalName') return
    object.spec.clusterIP ??= before.spec.clusterIP
    object.spec.clusterIPs ??= before.spec.clusterIPs
  },
  pods: (object, before) => {
    object.spec.nodeName ??= before.spec.nodeName
  },
  persistentvolumeclaims: (object, before) => {
    object.spec.volumeName ??= before.spec.volumeName
    object.spec.storageClassName ??= before.spec.storageClassName
  },
}

function graceOf(kind: Kind, object: KubeObject, asked: number | undefined): number {
  if (kind.id !== 'pods' || object.spec.nodeName === undefined) return 0
  if (['Succeeded', 'Failed'].includes(object.status?.phase)) return 0
  return asked ?? object.spec.terminationGracePeriodSeconds ?? 30
}

function addFinalizer(object: KubeObject, propagation: DeleteOptions['propagation']): void {
  const name = { Foreground: 'foregroundDeletion', Orphan: 'orphan', Background: undefined }[
    propagation ?? 'Background'
  ]
  if (name === undefined) return
  object.metadata.finalizers = [...new Set([...(object.metadata.finalizers ?? []), name])]
}

/** Five characters as Kubernetes appends them to generated names: no vowels, so no words. */
export function suffix(): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789'
  return [...randomBytes(5)].map((byte) => letters[byte % letters.length]).join('')
}
