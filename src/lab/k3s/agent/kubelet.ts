import type { Value } from '../api/object.ts'
import type { NodeParts } from './node-parts.ts'
import { PodWorker } from './pod-worker.ts'

/** Acts as the kubelet: brings the pods of this node to where they should be. */
export class Kubelet {
  private readonly workers = new Map<string, PodWorker>()
  readonly parts: NodeParts

  constructor(parts: Omit<NodeParts, 'pods'>) {
    this.parts = { ...parts, pods: () => this.pods() }
  }

  pods(): Value[] {
    return [...this.workers.values()].map((worker) => worker.pod)
  }

  /** The pod of that name. */
  find(namespace: string, name: string): PodWorker | undefined {
    return [...this.workers.values()].find(
      ({ pod }) => pod.metadata.name === name && pod.metadata.namespace === namespace,
    )
  }

  /** The pod that a container belongs to. */
  ownerOf(containerId: string): PodWorker | undefined {
    return [...this.workers.values()].find((worker) => worker.units.some((unit) => unit.id === containerId))
  }

  /** Takes a change of one of the node's pods. */
  tell(type: string, pod: Value): void {
    const { uid } = pod.metadata
    const known = this.workers.get(uid)
    if (type === 'DELETED') {
      this.workers.delete(uid)
      known?.forget()
    } else if (known !== undefined) known.tell(pod)
    else this.workers.set(uid, new PodWorker(this.parts, pod))
  }

  /** Forgets pods that are gone, after a fresh list, and what is left of them here. */
  keepOnly(pods: Value[]): void {
    const uids = new Set(pods.map((pod) => pod.metadata.uid))
    for (const [uid, worker] of this.workers) if (!uids.has(uid)) this.tell('DELETED', worker.pod)
    for (const { id, labels } of this.parts.runtime?.list() ?? [])
      if (!uids.has(labels.pod ?? '')) this.parts.runtime?.remove(id)
    for (const pod of pods) this.tell('MODIFIED', pod)
  }
}
