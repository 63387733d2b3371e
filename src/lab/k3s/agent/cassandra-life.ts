import { join } from 'node:path'
import { mkdirSync } from 'node:fs'
import type { Value } from '../api/object.ts'
import { CassandraNode, Failure } from '../cassandra/node.ts'
import { log } from '../log.ts'
import { times } from '../times.ts'
import { parseImage } from './images.ts'
import type { Mounts } from './mounts.ts'
import type { NodeParts } from './node-parts.ts'
import { releaseOf } from '../container/standins.ts'
import type { Unit } from './unit.ts'
import { mountVolumes } from './mounts.ts'

const dataPath = '/var/lib/cassandra'

/** Begins and ends what Cassandra does in the containers of one pod. */
export class CassandraLife {
  private readonly parts: NodeParts
  private readonly pod: Value
  private readonly tell: () => void

  /** `tell` is called when a container became ready or is about to end. */
  constructor(parts: NodeParts, pod: Value, tell: () => void) {
    this.parts = parts
    this.pod = pod
    this.tell = tell
  }

  begin(unit: Unit, podIP: string, mounts: Mounts, resumed = false): void {
    const { id } = unit
    const container = this.parts.runtime?.list().find((one) => one.id === id)
    if (unit.standIn.role !== 'cassandra' || id === undefined || container === undefined) return
    const node = this.nodeFor(unit, podIP, mounts, container.env)
    this.parts.cassandras.set(id, node)
    void this.run(node, id, resumed)
  }

  /** Goes on with a container that ran on while the agent did not. */
  resume(unit: Unit, podIP: string): void {
    mountVolumes(this.parts.client, this.pod)
      .then((mounts) => this.begin(unit, podIP, mounts, true))
      .catch((error: Error) => log.error(`pod ${this.pod.metadata.name}: ${error.message}`))
  }

  end(unit: Unit): void {
    const node = unit.id === undefined ? undefined : this.parts.cassandras.get(unit.id)
    if (node === undefined || unit.id === undefined) return
    this.parts.cassandras.delete(unit.id)
    node.exchange(false).catch(() => undefined)
  }

  private nodeFor(unit: Unit, podIP: string, mounts: Mounts, env: Record<string, string>): CassandraNode {
    const { runtime, rings, host } = this.parts
    const { name, namespace, uid } = this.pod.metadata
    const mount = (unit.spec.volumeMounts ?? []).find(
      (one: Value) => one.mountPath.replace(/\/+$/, '') === dataPath,
    )
    const dataDirectory =
      mount === undefined
        ? (runtime?.inside(unit.id ?? '', dataPath) ?? '')
        : join(mounts.get(mount.name) ?? '', mount.subPath ?? '')
    mkdirSync(dataDirectory, { recursive: true })
    const own = [
      podIP,
      name,
      `${name}.${this.pod.spec.subdomain}.${namespace}.svc.cluster.local`,
      'localhost',
      '127.0.0.1',
    ]
    return new CassandraNode({
      pod: `${namespace}/${name}`,
      podUid: uid,
      node: host.nodeName,
      address: podIP,
      env,
      dataDirectory,
      logFile: unit.logFile(),
      release: env.CASSANDRA_VERSION ?? releaseOf(parseImage(unit.spec.image).tag),
      resolve: (seed) => (own.includes(seed) ? Promise.resolve(podIP) : rings.resolve(seed, namespace)),
      tell: (telling) => rings.tell(telling),
    })
  }

  private async run(node: CassandraNode, id: string, resumed: boolean): Promise<void> {
    const isCurrent = () => this.parts.cassandras.get(id) === node
    for (let isStarted = false; isCurrent(); ) {
      try {
        if (!isStarted) await node.start(resumed)
        isStarted = true
        if (isCurrent()) await node.exchange()
        this.tell()
      } catch (error) {
        if (error instanceof Failure) return this.crash(node, id, error)
      }
      await new Promise((resolve) => setTimeout(resolve, isStarted ? times.heartbeat : 1000))
    }
  }

  private crash(node: CassandraNode, id: string, failure: Failure): void {
    for (const line of failure.message.split('\n')) node.log(`ERROR [main] ${line}`)
    this.parts.runtime?.signal(id, failure.exitCode === 1 ? 'SIGUSR1' : 'SIGUSR2')
    setTimeout(this.tell, 100)
  }
}
