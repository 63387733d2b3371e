import { randomUUID } from 'node:crypto'
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readFile, writeFile } from '../files.ts'
import { times } from '../times.ts'
import type { News, Telling } from './exchange.ts'
import { joinObstacle } from './joining.ts'
import { emptyRing, type Member, merge, type Ring } from './ring.ts'
import { allocateTokens } from './tokens.ts'

export interface NodeParts {
  /** Namespace and name of the pod. */
  pod: string
  podUid: string
  /** Kubernetes node. */
  node: string
  address: string
  env: Record<string, string>
  /** What /var/lib/cassandra of the container is on the node. */
  dataDirectory: string
  logFile: string
  release: string
  /** Address of a host name as the cluster's DNS has it. */
  resolve(name: string): Promise<string | undefined>
  tell(telling: Telling): Promise<News>
}

/** Why a node of Cassandra ends by itself. */
export class Failure extends Error {
  readonly exitCode: number
  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}

interface Saved {
  hostId: string
  cluster: string
  ring: Ring
  decommissioned?: boolean
}

/** Stands in for Cassandra's daemon in one container. What it has to remember lies in its data directory. */
export class CassandraNode {
  readonly parts: NodeParts
  hostId = ''
  /** Nothing of it answers before, and after it was drained. */
  phase: 'starting' | 'joining' | 'normal' | 'drained' | 'decommissioned' = 'starting'
  startedAt = Date.now()
  private ring: Ring

  constructor(parts: NodeParts) {
    this.parts = parts
    this.ring = emptyRing(`${parts.pod.split('/')[0]}/${this.cluster}`)
  }

  get cluster(): string {
    return this.parts.env.CASSANDRA_CLUSTER_NAME ?? 'Test Cluster'
  }

  get datacenter(): string {
    return this.usesNames ? (this.parts.env.CASSANDRA_DC ?? 'dc1') : 'datacenter1'
  }

  get rack(): string {
    return this.usesNames ? (this.parts.env.CASSANDRA_RACK ?? 'rack1') : 'rack1'
  }

  /** The snitch that is there by default knows no names of data centers. */
  private get usesNames(): boolean {
    return /Gossiping/.test(this.parts.env.CASSANDRA_ENDPOINT_SNITCH ?? '')
  }

  /** Takes its place in the ring; returns when it serves. `resumed`: the container ran on while the agent did not. */
  async start(resumed = false): Promise<void> {
    this.checkHeap()
    const seeds = await this.resolveSeeds(resumed)
    const saved = this.load()
    this.hostId = saved?.hostId ?? randomUUID()
    if (saved !== undefined) this.checkSaved(saved)
    const isSeed = seeds.includes(this.parts.address)
    const { ring, live } = await this.tell()
    this.ring = merge(this.ring, ring)
    this.log(`INFO  [main] Cassandra version: ${this.parts.release}`)
    const newcomer = { ...this.options(), hostId: this.hostId, address: this.parts.address, isSeed }
    const others = live.filter((hostId) => hostId !== this.hostId)
    const hasData = saved !== undefined
    const obstacle = joinObstacle(this.ring, { ...newcomer, hasData, live: new Set(others) })
    if (obstacle !== undefined && !resumed) throw new Failure(obstacle, 3)
    await this.enter(hasData, isSeed, others.length === 0, newcomer.replaces)
  }

  async drain(): Promise<void> {
    this.phase = 'drained'
    this.log('INFO  [RMI TCP Connection(2)-127.0.0.1] DRAINED')
    await this.exchange(false)
  }

  async decommission(): Promise<void> {
    this.phase = 'decommissioned'
    this.log('INFO  [RMI TCP Connection(2)-127.0.0.1] DECOMMISSIONED')
    await this.change((ring) => {
      const own = ring.members[this.hostId]
      if (own !== undefined)
        ring.members[this.hostId] = { ...own, state: 'left', isUp: false, at: Date.now() }
    })
  }

  /** Brings what this node knows up to date with the others. */
  async exchange(isUp = this.phase === 'joining' || this.phase === 'normal'): Promise<News> {
    const own = this.ring.members[this.hostId]
    if (own !== undefined && own.isUp !== isUp)
      this.ring.members[this.hostId] = { ...own, isUp, at: Date.now() }
    const news = await this.tell()
    this.keep(news.ring)
    return news
  }

  /** Changes the ring as one of its nodes may, and tells the others. */
  async change(edit: (ring: Ring) => void): Promise<News> {
    const { ring } = await this.exchange()
    const draft = structuredClone(ring)
    edit(draft)
    this.ring = draft
    const news = await this.tell()
    this.keep(news.ring)
    return news
  }

  private tell(fresh = false): Promise<News> {
    return this.parts.tell({
      ring: this.ring,
      fresh,
      self: { podUid: this.parts.podUid, hostId: this.hostId },
    })
  }

  log(line: string): void {
    const [level, rest] = [line.slice(0, 6), line.slice(6)]
    const time = new Date().toISOString().replace('T', ' ').replace('Z', '').replace('.', ',')
    const [, thread = '[main]', message = rest] = /^(\[[^\]]*\]) (.*)$/s.exec(rest) ?? []
    appendFileSync(this.parts.logFile, `${level}${thread} ${time} CassandraDaemon.java:0 - ${message}\n`)
  }

  private async enter(hasData: boolean, isSeed: boolean, isAlone: boolean, replaces?: string): Promise<void> {
    const isFounder = !hasData && isSeed && isAlone
    if (isFounder) this.ring = emptyRing(this.ring.name)
    const old = Object.values(this.ring.members).find((one) => one.address === replaces)
    const known = this.ring.members[this.hostId]
    const tokens =
      known?.tokens ??
      (hasData ? undefined : old?.tokens) ??
      allocateTokens(this.ring, Number(this.parts.env.CASSANDRA_NUM_TOKENS ?? 16))
    if (old !== undefined && !hasData)
      this.ring.members[old.hostId] = { ...old, state: 'removed', isUp: false, at: Date.now() }
    this.phase = 'joining'
    if (!hasData && !isSeed) {
      this.log('INFO  [main] JOINING: Starting to bootstrap...')
      await this.announce('joining', tokens, isFounder)
      await sleep(times.bootstrap)
    } else if (isSeed && !hasData) {
      this.log('INFO  [main] This node will not auto bootstrap because it is configured to be a seed node.')
    }
    this.phase = 'normal'
    await this.announce('normal', tokens, isFounder)
    this.log(`INFO  [main] Node /${this.parts.address}:7000 state jump to NORMAL`)
    this.log(`INFO  [main] Starting listening for CQL clients on /0.0.0.0:9042 (unencrypted)...`)
  }

  private async announce(state: Member['state'], tokens: string[], fresh: boolean): Promise<void> {
    const { address, podUid, pod, node, release } = this.parts
    const { hostId, datacenter, rack } = this
    const at = Date.now()
    const member = {
      hostId,
      address,
      podUid,
      pod,
      node,
      tokens,
      datacenter,
      rack,
      release,
      state,
      isUp: true,
      at,
    }
    this.ring.members[hostId] = member
    this.keep((await this.tell(fresh)).ring)
  }

  private checkHeap(): void {
    const { MAX_HEAP_SIZE, HEAP_NEWSIZE } = this.parts.env
    if ((MAX_HEAP_SIZE === undefined) === (HEAP_NEWSIZE === undefined)) return
    throw new Failure('please set or unset MAX_HEAP_SIZE and HEAP_NEWSIZE in pairs (see cassandra-env.sh)', 1)
  }

  private async resolveSeeds(resumed: boolean): Promise<string[]> {
    const names = (this.parts.env.CASSANDRA_SEEDS || this.parts.address).split(',').map((name) => name.trim())
    const found: string[] = []
    for (const name of names) {
      const address = await this.parts.resolve(name)
      if (address !== undefined) found.push(address)
      else this.log(`WARN  [main] Seed provider couldn't lookup host ${name}`)
    }
    if (found.length === 0 && !resumed)
      throw new Failure(
        'The seed provider lists no seeds.\nFatal configuration error; unable to start server.  See log for stacktrace.',
        3,
      )
    return found
  }

  private checkSaved({ cluster, ring, decommissioned }: Saved): void {
    this.ring = merge(this.ring, ring)
    if (cluster !== this.cluster)
      throw new Failure(`Saved cluster name ${cluster} != configured name ${this.cluster}`, 3)
    const own = this.ring.members[this.hostId]
    if (own !== undefined && decommissioned !== true && own.datacenter !== this.datacenter) {
      const names = `(${this.datacenter}) differs from previous data center (${own.datacenter})`
      const rest =
        'Please fix the snitch configuration, decommission and rebootstrap this node or use the flag -Dcassandra.ignore_dc=true.'
      throw new Failure(`Cannot start node if snitch's data center ${names}. ${rest}`, 3)
    }
  }

  private options(): { mayBeInconsistent: boolean; replaces?: string } {
    const { JVM_OPTS = '', JVM_EXTRA_OPTS = '' } = this.parts.env
    const words = `${JVM_OPTS} ${JVM_EXTRA_OPTS}`
    const replaces = /-Dcassandra\.replace_address(?:_first_boot)?=(\S+)/.exec(words)?.[1]
    return { mayBeInconsistent: words.includes('-Dcassandra.consistent.rangemovement=false'), replaces }
  }

  private get stateFile(): string {
    return join(this.parts.dataDirectory, 'data', 'system', 'local-simulated.json')
  }

  private load(): Saved | undefined {
    const text = readFile(this.stateFile)
    return text === undefined ? undefined : (JSON.parse(text) as Saved)
  }

  private keep(ring: Ring): void {
    this.ring = ring
    // A node that had not joined yet begins anew after a crash.
    if (this.phase === 'starting' || this.phase === 'joining') return
    for (const name of ['commitlog', 'hints', 'saved_caches'])
      mkdirSync(join(this.parts.dataDirectory, name), { recursive: true })
    for (const [keyspace, { tables }] of Object.entries(ring.schema.keyspaces))
      for (const table of Object.keys(tables))
        mkdirSync(join(this.parts.dataDirectory, 'data', keyspace, table), { recursive: true })
    const saved: Saved = { hostId: this.hostId, cluster: this.cluster, ring }
    const decommissioned = this.phase === 'decommissioned'
    writeFile(this.stateFile, JSON.stringify({ ...saved, ...(decommissioned && { decommissioned }) }), 0o644)
  }
}
