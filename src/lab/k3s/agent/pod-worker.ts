import { rmSync } from 'node:fs'
import type { Value } from '../api/object.ts'
import { equal } from '../api/object.ts'
import { log } from '../log.ts'
import { times } from '../times.ts'
import { isReadyNow, stopGently } from './container-life.ts'
import { CassandraLife } from './cassandra-life.ts'
import { isHelper, type Mounts, mountVolumes, podDirectory, runHelper } from './mounts.ts'
import type { NodeParts } from './node-parts.ts'
import { PodApi } from './pod-api.ts'
import { PodEvents } from './pod-events.ts'
import { failed, type PodFacts, statusOf, succeeded } from './pod-status.ts'
import { pullFor, Trouble } from './pull.ts'
import { mayRestart, pauseAfter, waitingFor } from './restarts.ts'
import { shortageOf } from './shortage.ts'
import { logDirectory, Unit } from './unit.ts'

const hour = 3_600_000

/** Brings one pod to where it should be and keeps it there. */
export class PodWorker {
  pod: Value
  readonly init: Unit[]
  readonly containers: Unit[]
  private readonly parts: NodeParts
  private readonly events: PodEvents
  private readonly api: PodApi
  private readonly cassandra: CassandraLife
  private mounts: Mounts | undefined
  private timer: NodeJS.Timeout | undefined
  private isBusy = false
  private isCalled = false
  private isForgotten = false
  private delay = 1000

  constructor(parts: NodeParts, pod: Value) {
    this.parts = parts
    this.pod = pod
    this.events = new PodEvents(parts, pod)
    this.api = new PodApi(parts.client, pod)
    const units = (specs: Value[] = [], statuses: Value[] = []) =>
      specs.map((spec) => {
        const unit = new Unit(parts, pod, spec)
        unit.adopt(statuses.find((one) => one.name === spec.name))
        return unit
      })
    this.init = units(pod.spec.initContainers, pod.status?.initContainerStatuses)
    this.containers = units(pod.spec.containers, pod.status?.containerStatuses)
    this.cassandra = new CassandraLife(parts, pod, () => this.wake())
    for (const unit of this.containers.filter((one) => one.isRunning))
      this.cassandra.resume(unit, parts.addresses.of(this.uid))
    this.wake()
  }

  get uid(): string {
    return this.pod.metadata.uid
  }

  get units(): Unit[] {
    return [...this.init, ...this.containers]
  }

  tell(pod: Value): void {
    this.pod = pod
    this.wake()
  }

  /** Looks at the pod again soon. */
  wake(after = 0): void {
    if (this.isForgotten) return
    if (this.isBusy) {
      this.isCalled = true
      return
    }
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.run(), after)
  }

  /** Ends what is left of a pod that is gone. */
  forget(): void {
    if (this.isForgotten) return
    this.isForgotten = true
    clearTimeout(this.timer)
    for (const unit of this.units) {
      this.cassandra.end(unit)
      if (unit.id !== undefined) this.parts.runtime?.remove(unit.id)
    }
    this.parts.addresses.release(this.uid)
    rmSync(podDirectory(this.uid), { recursive: true, force: true })
    for (const unit of this.units.slice(0, 1)) rmSync(logDirectory(unit), { recursive: true, force: true })
  }

  private async run(): Promise<void> {
    this.isBusy = true
    let next = hour
    try {
      next = await this.step()
      this.delay = 1000
    } catch (error) {
      await this.report(error as Error).catch(() => undefined)
      next = this.delay
      this.delay = Math.min(this.delay * 2, 60_000)
    }
    this.isBusy = false
    const isCalled = this.isCalled
    this.isCalled = false
    this.wake(isCalled ? 0 : next)
  }

  /** One look; returns the time until the next in ms. */
  private async step(): Promise<number> {
    const { status = {}, metadata } = this.pod
    if (metadata.deletionTimestamp !== undefined) return this.terminate()
    if (status.phase === 'Succeeded' || status.phase === 'Failed') return hour
    const shortage = status.startTime === undefined ? shortageOf(this.parts, this.pod) : undefined
    if (shortage !== undefined) return this.write(failed(shortage.reason, shortage.message)).then(() => hour)
    this.noteEnds()
    if (status.containerStatuses === undefined) await this.publish()
    await this.mount()
    if (isHelper(this.pod)) {
      runHelper(this.pod)
      return this.write(succeeded(this.pod, this.parts.host.address)).then(() => hour)
    }
    const isWaiting = await this.advance()
    await this.publish()
    return isWaiting
  }

  private async mount(): Promise<void> {
    if (this.mounts !== undefined && this.units.every((unit) => unit.isRunning)) return
    try {
      this.mounts = await mountVolumes(this.parts.client, this.pod)
    } catch (error) {
      throw new Trouble('FailedMount', (error as Error).message)
    }
  }

  /** Starts what is to run and has ended or never begun. */
  private async advance(): Promise<number> {
    for (const unit of this.init) {
      if (unit.state.terminated?.exitCode === 0 || this.containers.some((one) => one.isRunning)) continue
      if (unit.isRunning) return 200
      return this.startIfDue(unit)
    }
    const due = await Promise.all(this.containers.map((unit) => this.keep(unit)))
    return Math.min(...due)
  }

  private async keep(unit: Unit): Promise<number> {
    if (!unit.isRunning) return mayRestart(this.pod, unit) ? this.startIfDue(unit) : hour
    if (unit.isReady && (await isReadyNow(this.parts, unit))) return 500
    const age = Date.now() - Date.parse(unit.state.running.startedAt)
    unit.isReady = age >= times.ready && (await isReadyNow(this.parts, unit))
    if (age > 10 * 60_000) unit.crashes = 0
    return unit.isReady ? 500 : Math.max(200, times.ready - age)
  }

  private async startIfDue(unit: Unit): Promise<number> {
    if (
      unit.state.terminated !== undefined &&
      this.init.includes(unit) &&
      this.pod.spec.restartPolicy === 'Never'
    )
      return hour
    const pause = unit.nextStart - Date.now()
    if (pause > 0) {
      await this.backOff(unit)
      return pause
    }
    if (await pullFor(this.parts.images, unit.spec))
      await this.events.emit('Normal', 'Pulled', `Successfully pulled image "${unit.spec.image}"`)
    const podIP =
      this.pod.spec.hostNetwork === true ? this.parts.host.address : this.parts.addresses.of(this.uid)
    try {
      await unit.start(this.mounts ?? new Map(), podIP)
    } catch (error) {
      throw error instanceof Trouble ? error : new Trouble('RunContainerError', (error as Error).message)
    }
    await this.events.emit('Normal', 'Started', `Started container ${unit.spec.name}`)
    this.cassandra.begin(unit, podIP, this.mounts ?? new Map())
    return 200
  }

  private async backOff(unit: Unit): Promise<void> {
    const { terminated } = unit.state
    if (terminated === undefined) return
    const wait = Math.round(pauseAfter(unit.crashes) / 1000)
    const { name, namespace } = this.pod.metadata
    const message = `back-off ${wait}s restarting failed container=${unit.spec.name} pod=${name}_${namespace}(${this.uid})`
    unit.lastState = { terminated }
    unit.restarts += 1
    unit.state = { waiting: { reason: 'CrashLoopBackOff', message } }
    await this.events.emit('Warning', 'BackOff', `Back-off restarting failed container`)
  }

  /** Sees which processes are gone. */
  private noteEnds(): void {
    for (const unit of this.units.filter((one) => one.isRunning && one.id !== undefined)) {
      const code = this.parts.runtime?.exitCode(unit.id ?? '')
      if (code === undefined) continue
      unit.ended(code)
      this.cassandra.end(unit)
      unit.nextStart = Date.now() + (unit.crashes === 0 ? 0 : pauseAfter(unit.crashes))
      unit.crashes += 1
    }
  }

  /** Ends its containers, then lets the server take it away, which is told back. */
  private async terminate(): Promise<number> {
    const grace = Math.min((this.pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000, times.stop)
    const running = this.units.filter((unit) => unit.isRunning)
    for (const unit of running)
      await this.events.emit('Normal', 'Killing', `Stopping container ${unit.spec.name}`)
    await Promise.all(running.map((unit) => stopGently(this.parts, unit, grace)))
    await this.api.remove()
    return 60_000
  }

  private facts(): PodFacts {
    const { host, addresses } = this.parts
    const podIP = this.pod.spec.hostNetwork === true ? host.address : addresses.known(this.uid)
    return {
      hostIP: host.address,
      podIP,
      init: this.init.map((unit) => unit.shown()),
      containers: this.containers.map((unit) => unit.shown()),
    }
  }

  private async publish(): Promise<void> {
    const status = statusOf(this.pod, this.facts())
    const before = this.pod.status ?? {}
    if (Object.entries(status).every(([field, value]) => equal(value, before[field]))) return
    await this.write(status)
  }

  private async write(status: Value): Promise<void> {
    const written = await this.api.write(status)
    if (written === undefined) this.forget()
    else this.pod = written
  }

  private async report(error: Error): Promise<void> {
    if (!(error instanceof Trouble)) {
      log.error(`pod ${this.pod.metadata.namespace}/${this.pod.metadata.name}: ${error.message}`)
      return
    }
    const isImage = error.reason === 'ErrImagePull'
    for (const unit of this.units.filter((one) => !one.isRunning && one.state.terminated === undefined))
      unit.state = { waiting: waitingFor(error, unit, isImage) }
    await this.publish()
    if (error.reason === 'FailedMount') await this.events.emit('Warning', 'FailedMount', error.message)
    else if (!isImage) await this.events.emit('Warning', 'Failed', `Error: ${error.message}`)
    else await this.events.emit('Warning', 'Failed', `Failed to pull image: ${error.message}`)
  }
}
