import { setTimeout as sleep } from 'node:timers/promises'
import { now, type Value } from '../api/object.ts'
import { amount } from '../api/quantity.ts'
import { suffix } from '../api/cluster.ts'
import type { Host } from '../host.ts'
import { log } from '../log.ts'
import { times } from '../times.ts'
import type { Client } from './client.ts'
import type { ImageStore } from './images.ts'
import { isHelper, mountVolumes, runHelper } from './mounts.ts'
import { failed, running, succeeded, waiting } from './pod-status.ts'

export interface KubeletParts {
  client: Client
  host: Host
  images: ImageStore
  /** E.g. `10.42.3.0/24`. */
  podCIDR: string
  /** The host has been restarted since the agent ran last: containers have to be started again. */
  isRebooted: boolean
}

/** A trouble that a pod waits in, as its status shows it. */
class Trouble extends Error {
  readonly reason: string
  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

/** Acts as the kubelet: brings the pods of this node to where they should be, without running anything. */
export class Kubelet {
  private readonly parts: KubeletParts
  private readonly pods = new Map<string, Value>()
  private readonly busy = new Set<string>()
  private readonly restarted = new Set<string>()

  constructor(parts: KubeletParts) {
    this.parts = parts
  }

  /** Takes a change of one of the node's pods. */
  tell(type: string, pod: Value): void {
    const { uid } = pod.metadata
    if (type === 'DELETED') this.pods.delete(uid)
    else this.pods.set(uid, pod)
    if (type !== 'DELETED' && !this.busy.has(uid)) void this.work(uid)
  }

  /** Forgets pods that are gone, after a fresh list. */
  keepOnly(pods: Value[]): void {
    const uids = new Set(pods.map((pod) => pod.metadata.uid))
    for (const uid of this.pods.keys()) if (!uids.has(uid)) this.pods.delete(uid)
    for (const pod of pods) this.tell('MODIFIED', pod)
  }

  private async work(uid: string): Promise<void> {
    this.busy.add(uid)
    let delay = 1000
    for (let pod = this.pods.get(uid); pod !== undefined && this.wantsWork(pod); pod = this.pods.get(uid)) {
      const before = pod
      try {
        await this.advance(pod)
        delay = 1000
      } catch (error) {
        await this.report(pod, error as Error).catch(() => undefined)
        await sleep(delay)
        delay = Math.min(delay * 2, 60_000)
      }
      // The watch tells what our own writes made of the pod; don't act on the old one again.
      if (this.pods.get(uid) === before) await sleep(250)
    }
    this.busy.delete(uid)
  }

  private wantsWork(pod: Value): boolean {
    const { phase } = pod.status ?? {}
    if (pod.metadata.deletionTimestamp !== undefined) return true
    if (phase === 'Succeeded' || phase === 'Failed') return false
    const isReady = (pod.status?.conditions ?? []).some(
      (one: Value) => one.type === 'Ready' && one.status === 'True',
    )
    return phase !== 'Running' || !isReady || this.needsRestart(pod)
  }

  private needsRestart(pod: Value): boolean {
    return this.parts.isRebooted && pod.status?.phase === 'Running' && !this.restarted.has(pod.metadata.uid)
  }

  private async advance(pod: Value): Promise<void> {
    if (pod.metadata.deletionTimestamp !== undefined) return this.finish(pod)
    const { client, host } = this.parts
    const shortage = pod.status?.startTime === undefined ? this.shortage(pod) : undefined
    if (shortage !== undefined) return this.write(pod, failed(`Outof${shortage}`, outOf(pod, shortage)))
    if (pod.status?.containerStatuses === undefined)
      await this.write(pod, waiting(pod, host.address, 'ContainerCreating'))
    try {
      await mountVolumes(client, pod)
    } catch (error) {
      throw new Trouble('FailedMount', (error as Error).message)
    }
    if (isHelper(pod)) {
      runHelper(pod)
      return this.write(pod, succeeded(pod, host.address))
    }
    await this.pullImages(pod)
    await this.start(pod)
  }

  private async start(pod: Value): Promise<void> {
    const isAgain = this.needsRestart(pod)
    const previous = pod.status?.containerStatuses?.[0]?.restartCount ?? 0
    const facts = {
      host: this.parts.host.address,
      podIP:
        pod.spec.hostNetwork === true ? this.parts.host.address : (pod.status?.podIP ?? this.freeAddress()),
      digests: pod.spec.containers.map((container: Value) => this.parts.images.digest(container.image)),
      restarts: isAgain ? previous + 1 : previous,
    }
    this.restarted.add(pod.metadata.uid)
    await this.write(pod, running(pod, { ...facts, isReady: false }))
    await sleep(times.ready)
    if (this.pods.get(pod.metadata.uid)?.metadata.deletionTimestamp !== undefined) return
    await this.write(pod, running(pod, { ...facts, isReady: true }))
  }

  private async pullImages(pod: Value): Promise<void> {
    for (const { image, imagePullPolicy } of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
      const isHere = this.parts.images.digest(image) !== undefined
      if (imagePullPolicy === 'Never' && !isHere) {
        throw new Trouble(
          'ErrImageNeverPull',
          `Container image "${image}" is not present with pull policy of Never`,
        )
      }
      if (imagePullPolicy === 'Never' || (imagePullPolicy === 'IfNotPresent' && isHere)) continue
      try {
        await this.parts.images.pull(image)
      } catch (error) {
        throw new Trouble('ImagePullBackOff', (error as Error).message)
      }
    }
  }

  /** The resource this pod asks more of than is left, for pods that were not placed by the scheduler. */
  private shortage(pod: Value): string | undefined {
    const asked = requested(pod)
    const others = [...this.pods.values()].filter(
      (one) => one !== pod && !['Succeeded', 'Failed'].includes(one.status?.phase),
    )
    const used = others.reduce((sum, one) => sum + requested(one), 0)
    return asked > 0 && used + asked > this.parts.host.memory ? 'memory' : undefined
  }

  private freeAddress(): string {
    const taken = new Set([...this.pods.values()].map((pod) => pod.status?.podIP))
    const prefix = this.parts.podCIDR.replace(/\d+\/\d+$/, '')
    let number = 2
    while (taken.has(`${prefix}${number}`)) number += 1
    return `${prefix}${number}`
  }

  private async finish(pod: Value): Promise<void> {
    const { name, namespace, uid } = pod.metadata
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions: { uid } }
    await this.parts.client.call('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`, options)
    this.pods.delete(uid)
  }

  private async write(pod: Value, status: Value): Promise<void> {
    const { name, namespace, uid } = pod.metadata
    const type = { 'content-type': 'application/merge-patch+json' }
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`
    const reply = await this.parts.client.call('PATCH', path, { metadata: { uid }, status }, type)
    if (reply.code === 200) this.pods.set(uid, JSON.parse(reply.text))
    else if (reply.code === 404 || reply.code === 409) this.pods.delete(uid)
  }

  private async report(pod: Value, error: Error): Promise<void> {
    if (!(error instanceof Trouble)) {
      log.error(`pod ${pod.metadata.namespace}/${pod.metadata.name}: ${error.message}`)
      return
    }
    const shown = error.reason === 'FailedMount' ? 'ContainerCreating' : error.reason
    const known = pod.status?.containerStatuses?.[0]?.state?.waiting
    if (known?.reason === shown && (known.message === error.message || shown === 'ContainerCreating')) {
      if (known.message === error.message) return
    }
    await this.write(pod, waiting(pod, this.parts.host.address, shown, error.message))
    await this.emit(pod, shown === 'ContainerCreating' ? 'FailedMount' : 'Failed', error.message)
  }

  private async emit(pod: Value, reason: string, message: string): Promise<void> {
    const { name, namespace, uid } = pod.metadata
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${suffix()}${suffix()}`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace, uid },
      type: 'Warning',
      reason,
      message,
      count: 1,
      firstTimestamp: now(),
      lastTimestamp: now(),
      source: { component: 'kubelet', host: this.parts.host.nodeName },
    }
    await this.parts.client.call('POST', `/api/v1/namespaces/${namespace}/events`, event)
  }
}

const requested = (pod: Value): number =>
  pod.spec.containers.reduce((sum: number, one: Value) => sum + amount(one.resources?.requests?.memory), 0)

const outOf = (pod: Value, resource: string) =>
  `Pod was rejected: Node didn't have enough resource: ${resource}, requested: ${requested(pod)}`
