import { suffix } from '../api/cluster.ts'
import { now, type Value } from '../api/object.ts'
import type { NodeParts } from './node-parts.ts'

/** Records events about a pod; the same one again only counts up. */
export class PodEvents {
  private readonly parts: NodeParts
  private readonly pod: Value
  private readonly known = new Map<string, { name: string; count: number }>()

  constructor(parts: NodeParts, pod: Value) {
    this.parts = parts
    this.pod = pod
  }

  async emit(type: 'Normal' | 'Warning', reason: string, message: string): Promise<void> {
    const { name, namespace, uid } = this.pod.metadata
    const path = `/api/v1/namespaces/${namespace}/events`
    const before = this.known.get(`${reason} ${message}`)
    if (before !== undefined) {
      before.count += 1
      const merge = { 'content-type': 'application/merge-patch+json' }
      const news = { count: before.count, lastTimestamp: now() }
      await this.parts.client.call('PATCH', `${path}/${before.name}`, news, merge).catch(() => undefined)
      return
    }
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${suffix()}${suffix()}`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace, uid },
      type,
      reason,
      message,
      count: 1,
      firstTimestamp: now(),
      lastTimestamp: now(),
      source: { component: 'kubelet', host: this.parts.host.nodeName },
    }
    this.known.set(`${reason} ${message}`, { name: event.metadata.name, count: 1 })
    await this.parts.client.call('POST', path, event).catch(() => undefined)
  }
}
