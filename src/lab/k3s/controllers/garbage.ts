import type { Cluster } from '../api/cluster.ts'
import { type Kind, kinds, namespaces } from '../api/kinds.ts'
import type { KubeObject } from '../api/object.ts'
import { type Controller, unlessGone } from './loop.ts'
import { isLive } from './ownership.ts'

/** Deletes what belongs to deleted owners and namespaces, in the way the deletion asked for. */
export const garbageCollector: Controller = {
  name: 'garbage-collector',
  watches: kinds.filter((kind) => kind.plural !== 'leases' && kind.plural !== 'events'),
  reconcile(cluster) {
    const all = kinds.flatMap((kind) => cluster.store.list(kind).map((object) => ({ kind, object })))
    const uids = new Set(all.map(({ object }) => object.metadata.uid))
    for (const { kind, object } of all) {
      if (object.metadata.finalizers?.includes('orphan')) release(cluster, kind, object, all)
      else if (object.metadata.finalizers?.includes('foregroundDeletion'))
        waitForDependents(cluster, kind, object, all)
      else if (isAbandoned(object, uids)) remove(cluster, kind, object)
    }
    for (const namespace of cluster.store.list(namespaces)) if (!isLive(namespace)) empty(cluster, namespace)
  },
}

type Entry = { kind: Kind; object: KubeObject }

const ownersOf = (object: KubeObject) => object.metadata.ownerReferences ?? []
const isAbandoned = (object: KubeObject, uids: Set<string>) =>
  isLive(object) && ownersOf(object).length > 0 && ownersOf(object).every((owner) => !uids.has(owner.uid))

const dependentsOf = (owner: KubeObject, all: Entry[]) =>
  all.filter(({ object }) => ownersOf(object).some((one) => one.uid === owner.metadata.uid))

function remove(cluster: Cluster, kind: Kind, object: KubeObject): void {
  const { name, namespace } = object.metadata
  unlessGone(() => cluster.delete(kind, name, namespace, { propagation: 'Background' }))
}

function dropFinalizer(cluster: Cluster, kind: Kind, object: KubeObject, finalizer: string): void {
  unlessGone(() =>
    cluster.change(kind, object, (draft) => {
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((name) => name !== finalizer)
    }),
  )
}

/** --cascade=orphan: dependents forget their owner. */
function release(cluster: Cluster, kind: Kind, owner: KubeObject, all: Entry[]): void {
  for (const { kind: of, object } of dependentsOf(owner, all)) {
    unlessGone(() =>
      cluster.change(of, object, (draft) => {
        draft.metadata.ownerReferences = ownersOf(draft).filter((one) => one.uid !== owner.metadata.uid)
        if (draft.metadata.ownerReferences.length === 0) delete draft.metadata.ownerReferences
      }),
    )
  }
  dropFinalizer(cluster, kind, owner, 'orphan')
}

function waitForDependents(cluster: Cluster, kind: Kind, owner: KubeObject, all: Entry[]): void {
  const dependents = dependentsOf(owner, all)
  for (const { kind: of, object } of dependents) if (isLive(object)) remove(cluster, of, object)
  if (dependents.length === 0) dropFinalizer(cluster, kind, owner, 'foregroundDeletion')
}

function empty(cluster: Cluster, namespace: KubeObject): void {
  const { name } = namespace.metadata
  const left = kinds
    .filter((kind) => kind.namespaced)
    .flatMap((kind) => cluster.store.list(kind, name).map((object) => ({ kind, object })))
  for (const { kind, object } of left) if (isLive(object)) remove(cluster, kind, object)
  const isEmpty = kinds
    .filter((kind) => kind.namespaced)
    .every((kind) => cluster.store.list(kind, name).length === 0)
  if (isEmpty) cluster.store.remove(namespaces, namespace)
}
