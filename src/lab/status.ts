import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isReady } from './node.ts'
import { USER } from './nodes.ts'
import { type LabPlaces, labPlaces, nodePlaces } from './places.ts'
import { ageOf, leaderOf, readLive } from './processes.ts'
import { readRecord } from './record.ts'

/** Something done to a node on purpose, that lasts until it is undone or the node starts again. */
export type Fault = 'cut' | 'slow' | 'frozen'

export interface NodeState {
  name: string
  address: string
  /** `up`: users can log in, unless a fault prevents it. */
  state: 'off' | 'booting' | 'up'
  /** Since it was powered on or rebooted; null while it is off. */
  seconds: number | null
  /** In bytes, without what the kernel would give back; null while it is off. */
  memoryUsed: number | null
  /** In bytes. */
  memoryLimit: number
  disk?: { device: string; size: number }
  faults: Fault[]
}

export interface LabState {
  name: string
  nodes: NodeState[]
  user: string
  /** Private key that every node lets in. */
  keyFile: string
  /** Host keys seen in the lab; apart from the user's own, as the lab's hosts bear real addresses. */
  knownHostsFile: string
  /** For OpenSSH's -F: how every node is reached from the laptop's namespace. */
  sshConfig: string
}

/** The lab as it is now; null when there is none. */
export function labStatus(lab: LabPlaces = labPlaces()): LabState | null {
  const record = readRecord(lab)
  if (record === null) return null
  const { name, keyFile, knownHostsFile, sshConfig } = lab
  const nodes = record.nodes.map((node): NodeState => {
    const leader = leaderOf(lab, node.name)
    return {
      name: node.name,
      address: node.address,
      state: leader === null ? 'off' : isReady(lab, node) ? 'up' : 'booting',
      seconds: leader === null ? null : ageOf(leader),
      memoryUsed: leader === null ? null : memoryUsed(leader),
      memoryLimit: node.memory,
      disk: node.disk,
      faults: readFaults(lab, node.name),
    }
  })
  return { name, nodes, user: USER, keyFile, knownHostsFile, sshConfig }
}

export function readFaults(lab: LabPlaces, host: string): Fault[] {
  const { faults } = nodePlaces(lab, host)
  return existsSync(faults) ? (JSON.parse(readFileSync(faults, 'utf8')) as Fault[]) : []
}

function memoryUsed(leader: number): number | null {
  const groups = readLive(`/proc/${leader}/cgroup`)
  const v1 = /^\d+:(?:[\w,]+,)?memory:(.*\/node)/m.exec(groups)?.[1]
  const v2 = /^0::(.*\.scope)/m.exec(groups)?.[1]
  const directory = v1 !== undefined ? dirname(`/sys/fs/cgroup/memory${v1}`) : `/sys/fs/cgroup${v2}`
  const usage = readLive(`${directory}/memory.usage_in_bytes`) || readLive(`${directory}/memory.current`)
  const details = readLive(`${directory}/memory.stat`)
  const spare = /^total_inactive_file (\d+)/m.exec(details) ?? /^inactive_file (\d+)/m.exec(details)
  return usage === '' ? null : Number(usage) - Number(spare?.[1] ?? 0)
}
