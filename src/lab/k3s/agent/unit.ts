import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { now, type Value } from '../api/object.ts'
import { commandOf } from '../container/command.ts'
import { environmentOf } from '../container/environment.ts'
import type { Bind } from '../container/box.ts'
import { containerVariable, inContainer, type StandIn, standInFor, stub } from '../container/standins.ts'
import { onHost } from '../paths.ts'
import { decoded, type Mounts } from './mounts.ts'
import { parseImage } from './images.ts'
import type { NodeParts } from './node-parts.ts'
import { networkFiles } from './network-files.ts'
import type { ContainerState } from './pod-status.ts'
import { Trouble } from './pull.ts'

/** A place where the simulation's programs in containers find the agent. */
export const agentSocketDirectory = '/run/k3s/simulation/agent'

/** One container of a pod: what it should be, and what became of it. */
export class Unit {
  readonly spec: Value
  restarts = 0
  id: string | undefined
  state: Value = { waiting: { reason: 'ContainerCreating' } }
  lastState: Value = {}
  isReady = false
  /** Time of the next start after a crash, and how often it crashed in a row. */
  nextStart = 0
  crashes = 0
  private readonly pod: Value
  private readonly parts: NodeParts

  constructor(parts: NodeParts, pod: Value, spec: Value) {
    this.parts = parts
    this.pod = pod
    this.spec = spec
  }

  get standIn(): StandIn {
    const { repository, tag } = parseImage(this.spec.image)
    return standInFor(repository, tag, this.parts.images.env(this.spec.image))
  }

  get isRunning(): boolean {
    return this.state.running !== undefined
  }

  /** Finds the container that an earlier run of the agent started. */
  adopt(status: Value): void {
    this.restarts = status?.restartCount ?? 0
    this.lastState = status?.lastState ?? {}
    const { runtime } = this.parts
    const found = runtime
      ?.list()
      .find((one) => one.labels.pod === this.pod.metadata.uid && one.labels.container === this.spec.name)
    const wasRunning = status?.state?.running !== undefined
    if (
      runtime === undefined ? wasRunning : found !== undefined && runtime.exitCode(found.id) === undefined
    ) {
      this.id = found?.id
      this.state = wasRunning ? status.state : { running: { startedAt: found?.startedAt ?? now() } }
      this.isReady = status?.ready === true
    } else if (status?.state?.terminated !== undefined) this.state = status.state
    else if (wasRunning)
      this.ended(
        found === undefined ? 255 : (runtime?.exitCode(found.id) ?? 255),
        status.state.running.startedAt,
      )
    else if (found !== undefined) runtime?.remove(found.id)
  }

  async start(mounts: Mounts, podIP: string): Promise<void> {
    const { runtime, host } = this.parts
    if (this.id !== undefined) runtime?.remove(this.id)
    if (this.state.terminated !== undefined) {
      this.restarts += 1
      this.lastState = { terminated: this.state.terminated }
    }
    const id = createHash('sha256').update(randomBytes(16)).digest('hex')
    const env = await this.environment(id, podIP).catch((error: Error) => {
      throw new Trouble('CreateContainerConfigError', error.message)
    })
    const binds = this.binds(mounts)
    if (runtime !== undefined) {
      const exists = (program: string) =>
        program.startsWith('/')
          ? existsSync(program)
          : ['/usr/bin', '/usr/sbin'].some((path) => existsSync(join(path, program)))
      await runtime.start({
        id,
        env,
        binds: [...this.ownBinds(), ...binds],
        argv: commandOf(this.spec, this.standIn, env, exists),
        hostname:
          this.pod.spec.hostNetwork === true
            ? host.nodeName
            : (this.pod.spec.hostname ?? this.pod.metadata.name),
        workingDir: this.spec.workingDir ?? this.standIn.workingDir,
        contents: this.contents(podIP),
        logFile: this.logFile(),
        labels: {
          pod: this.pod.metadata.uid,
          container: this.spec.name,
          name: this.pod.metadata.name,
          namespace: this.pod.metadata.namespace,
        },
      })
    }
    this.id = id
    this.isReady = false
    this.state = { running: { startedAt: now() } }
  }

  /** Notes that its process is gone. */
  ended(exitCode: number, startedAt = this.state.running?.startedAt): void {
    const reason = exitCode === 0 ? 'Completed' : exitCode === 255 ? 'Unknown' : 'Error'
    this.state = {
      terminated: {
        exitCode,
        reason,
        startedAt,
        finishedAt: now(),
        ...(this.id && { containerID: `containerd://${this.id}` }),
      },
    }
    this.isReady = false
  }

  logFile(restart = this.restarts): string {
    const { name, namespace, uid } = this.pod.metadata
    return onHost(join('/var/log/pods', `${namespace}_${name}_${uid}`, this.spec.name, `${restart}.log`))
  }

  shown(): ContainerState {
    const { spec, id, restarts, isReady, state, lastState } = this
    return {
      name: spec.name,
      image: spec.image,
      digest: this.parts.images.digest(spec.image),
      id,
      restarts,
      isReady,
      state,
      lastState,
    }
  }

  private async environment(id: string, podIP: string): Promise<Record<string, string>> {
    const { client, host, images } = this.parts
    const data = async (plural: string, name: string) => {
      const reply = await client.call(
        'GET',
        `/api/v1/namespaces/${this.pod.metadata.namespace}/${plural}/${name}`,
      )
      if (reply.code !== 200) return undefined
      const found = JSON.parse(reply.text)
      return plural === 'secrets' ? decoded(found.data) : (found.data ?? {})
    }
    const own = await environmentOf(this.spec, { pod: this.pod, podIP, hostIP: host.address, data })
    const cluster = { KUBERNETES_SERVICE_HOST: '10.43.0.1', KUBERNETES_SERVICE_PORT: '443' }
    const { PATH = '', ...rest } = this.standIn.env
    const fromImage = images.env(this.spec.image)
    const times = process.env.K3S_SIM_TIMES
    return {
      ...rest,
      ...fromImage,
      ...(times && { K3S_SIM_TIMES: times }),
      PATH,
      HOME: '/root',
      HOSTNAME: this.pod.spec.hostname ?? this.pod.metadata.name,
      ...cluster,
      ...own,
      [containerVariable]: id,
    }
  }

  private binds(mounts: Mounts): Bind[] {
    return (this.spec.volumeMounts ?? []).map(({ name, mountPath, subPath, readOnly }: Value) => ({
      from: join(mounts.get(name) ?? '', subPath ?? ''),
      to: mountPath.replace(/\/+$/, ''),
      readOnly,
    }))
  }

  private ownBinds(): Bind[] {
    return [
      { from: process.execPath, to: inContainer.node, readOnly: true },
      { from: process.argv[1] ?? '', to: inContainer.k3s, readOnly: true },
      { from: onHost(agentSocketDirectory), to: inContainer.agent },
    ]
  }

  private contents(podIP: string): Record<string, string> {
    const programs = Object.entries(this.standIn.programs).map(([path, program]) => [path, stub(program)])
    return { ...networkFiles(this.pod, podIP), ...this.standIn.files, ...Object.fromEntries(programs) }
  }
}

/** Where all logs of a pod lie. */
export const logDirectory = (unit: Unit) => dirname(dirname(unit.logFile()))
