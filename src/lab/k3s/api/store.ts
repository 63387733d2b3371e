import { EventEmitter } from 'node:events'
import type { Kind } from './kinds.ts'
import type { KubeObject } from './object.ts'

export interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  kind: Kind
  object: KubeObject
  previous?: KubeObject
  version: number
}

/** Where changes are kept across restarts. */
export interface Journal {
  record(change: Change): void
}

const keptChanges = 1000

/** All objects of the cluster with one counter of versions. What it hands out is shared: never modify it. */
export class Store {
  private readonly objects = new Map<Kind, Map<string, KubeObject>>()
  private readonly recent: Change[] = []
  private readonly emitter = new EventEmitter().setMaxListeners(0)
  private readonly journal: Journal
  version: number

  constructor(journal: Journal, kept: { version: number; objects: [Kind, KubeObject][] }) {
    this.journal = journal
    this.version = kept.version
    for (const [kind, object] of kept.objects) this.table(kind).set(keyOf(object), object)
  }

  get(kind: Kind, name: string, namespace?: string): KubeObject | undefined {
    return this.table(kind).get(namespace === undefined ? name : `${namespace}/${name}`)
  }

  /** Sorted by namespace and name, as the real one lists. */
  list(kind: Kind, namespace?: string): KubeObject[] {
    const found = [...this.table(kind)].filter(
      ([, one]) => namespace === undefined || one.metadata.namespace === namespace,
    )
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  }

  put(kind: Kind, object: KubeObject): KubeObject {
    const previous = this.table(kind).get(keyOf(object))
    const stored = this.numbered(object)
    this.table(kind).set(keyOf(stored), stored)
    this.publish({
      type: previous === undefined ? 'ADDED' : 'MODIFIED',
      kind,
      object: stored,
      previous,
      version: this.version,
    })
    return stored
  }

  remove(kind: Kind, object: KubeObject): KubeObject {
    const previous = this.table(kind).get(keyOf(object))
    const last = this.numbered(object)
    this.table(kind).delete(keyOf(object))
    this.publish({ type: 'DELETED', kind, object: last, previous, version: this.version })
    return last
  }

  /** Changes after a version, oldest first; undefined when they are no longer known. */
  since(version: number): Change[] | undefined {
    const oldest = this.recent[0]?.version ?? this.version + 1
    if (version < oldest - 1 && version < this.version) return undefined
    return this.recent.filter((change) => change.version > version)
  }

  /** Calls back on every change until the returned function is called. */
  onChange(listener: (change: Change) => void): () => void {
    this.emitter.on('change', listener)
    return () => this.emitter.off('change', listener)
  }

  private numbered(object: KubeObject): KubeObject {
    this.version += 1
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.version) } }
  }

  private publish(change: Change): void {
    this.journal.record(change)
    this.recent.push(change)
    if (this.recent.length > keptChanges) this.recent.splice(0, keptChanges / 2)
    this.emitter.emit('change', change)
  }

  private table(kind: Kind): Map<string, KubeObject> {
    let table = this.objects.get(kind)
    if (table === undefined) this.objects.set(kind, (table = new Map()))
    return table
  }
}

function keyOf(object: KubeObject): string {
  const { name, namespace } = object.metadata
  return namespace === undefined ? name : `${namespace}/${name}`
}
