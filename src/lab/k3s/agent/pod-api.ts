import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeObject, Value } from '../api/object.ts'
import type { Client } from './client.ts'

/** What the kubelet tells the server of one pod. */
export class PodApi {
  private readonly client: Client
  private readonly path: string
  private readonly uid: string

  constructor(client: Client, { metadata }: Value) {
    this.client = client
    this.uid = metadata.uid
    this.path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`
  }

  /** Returns the pod as it is then; undefined when it is gone, or another one has its name. */
  async write(status: Value): Promise<KubeObject | undefined> {
    const type = { 'content-type': 'application/merge-patch+json' }
    const body = { metadata: { uid: this.uid }, status }
    const reply = await this.client.call('PATCH', `${this.path}/status`, body, type)
    if (reply.code === 404 || reply.code === 409) return undefined
    if (reply.code !== 200) throw new Error(`the server takes no status: ${reply.code} ${reply.text}`)
    return JSON.parse(reply.text)
  }

  /** Tells that nothing of the pod runs any more, until the server heard it. */
  async remove(): Promise<void> {
    const preconditions = { uid: this.uid }
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions }
    for (;;) {
      const reply = await this.client.call('DELETE', this.path, options).catch(() => undefined)
      if (reply !== undefined && reply.code < 500) return
      await sleep(1000)
    }
  }
}
